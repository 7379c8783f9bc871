"""Say which attributes of items the app shows as price, stock and picture."""

from alembic import op
from sqlalchemy import Column, text
from sqlalchemy.dialects.postgresql import JSONB

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "about",
        Column(
            "display",
            JSONB,
            nullable=False,
            server_default=text("'{}'"),
            comment="Which attributes the app shows, and how.",
        ),
    )


def downgrade() -> None:
    op.drop_column("about", "display")
