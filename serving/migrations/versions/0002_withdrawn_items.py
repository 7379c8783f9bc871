"""Mark items as withdrawn from releases. No item is withdrawn until the next publication."""

from alembic import op
from sqlalchemy import Column, text
from sqlalchemy.dialects.postgresql import INT8MULTIRANGE

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "items",
        Column(
            "withdrawn",
            INT8MULTIRANGE,
            comment="Ids of releases without the item; null: it was never withdrawn.",
        ),
    )
    op.create_index(
        "ix_items_withdrawn", "items", ["item_id"], postgresql_where=text("withdrawn is not null")
    )


def downgrade() -> None:
    op.drop_index("ix_items_withdrawn", "items")
    op.drop_column("items", "withdrawn")
