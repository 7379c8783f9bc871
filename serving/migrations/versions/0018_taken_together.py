"""Items that users take together, by release."""

from alembic import op
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    PrimaryKeyConstraint,
    Text,
)
from sqlalchemy.dialects.postgresql import ARRAY, REAL

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

BEFORE = "`live`, `batch`, `fallback`, `popular`, `trending`, `vendor` or `similar`."
NOW = "`live`, `batch`, `fallback`, `popular`, `trending`, `vendor`, `similar` or `together`."


def upgrade() -> None:
    op.create_table(
        "taken_together",
        Column("release_id", BigInteger, ForeignKey("releases.release_id"), nullable=False),
        Column("item_id", Text, nullable=False),
        PrimaryKeyConstraint("release_id", "item_id"),
        Column("item_ids", ARRAY(Text), nullable=False),
        Column("scores", ARRAY(REAL), nullable=False),
        CheckConstraint("cardinality(item_ids) = cardinality(scores)", name="same_length"),
        CheckConstraint("cardinality(item_ids) > 0", name="not_empty"),
    )
    for name in ("item_ids", "scores"):
        op.execute(f"alter table taken_together alter column {name} set statistics 0")
    op.alter_column("shown_lists", "kind", comment=NOW, existing_comment=BEFORE)


def downgrade() -> None:
    op.alter_column("shown_lists", "kind", comment=BEFORE, existing_comment=NOW)
    op.drop_table("taken_together")
