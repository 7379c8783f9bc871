"""Add what the job `alert` measures and reports."""

from alembic import op
from sqlalchemy import CheckConstraint, Column, DateTime, Text, text
from sqlalchemy.dialects.postgresql import DOUBLE_PRECISION

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "measurements",
        Column("name", Text, primary_key=True, comment="Such as `quarantined_rows`."),
        Column(
            "subject",
            Text,
            primary_key=True,
            comment="What was measured, such as `retrain/fit`; may be empty.",
        ),
        Column("value", DOUBLE_PRECISION, nullable=False),
        Column(
            "measured_at", DateTime(timezone=True), server_default=text("now()"), nullable=False
        ),
    )
    op.create_table(
        "alerts",
        Column("target", Text, primary_key=True, comment="`log`, `webhook` or `mail`."),
        Column("name", Text, primary_key=True, comment="The check, such as `disk`."),
        Column("level", Text, nullable=False),
        Column(
            "since",
            DateTime(timezone=True),
            nullable=False,
            comment="When it was first reported.",
        ),
        Column(
            "reported_at",
            DateTime(timezone=True),
            nullable=False,
            comment="When it was last reported.",
        ),
        CheckConstraint("level in ('warning', 'error')", name="known_level"),
    )


def downgrade() -> None:
    op.drop_table("alerts")
    op.drop_table("measurements")
