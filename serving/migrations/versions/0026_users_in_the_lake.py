"""Mark the tokens of users whose events are in the lake only."""

from alembic import op
from sqlalchemy import Boolean, Column, false, text

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "user_tokens",
        Column(
            "in_lake",
            Boolean,
            server_default=false(),
            nullable=False,
            comment="True if the lake has events of the user that were deleted from the outbox.",
        ),
    )
    op.execute(
        text(
            "update user_tokens set in_lake = true where user_id in (select user_id from profiles)"
        )
    )


def downgrade() -> None:
    op.drop_column("user_tokens", "in_lake")
