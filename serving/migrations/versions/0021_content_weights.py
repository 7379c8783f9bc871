"""The map from content to factors, by release, and what an item's factors were learned from."""

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

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

KIND = "`mean` (one row, without a feature), `flag` or `number`."
LEARNED_FROM = "`interactions`, or `content` of an item that has none."


def upgrade() -> None:
    op.create_table(
        "content_weights",
        Column("release_id", BigInteger, ForeignKey("releases.release_id"), nullable=False),
        Column("kind", Text, nullable=False, comment=KIND),
        Column("feature", Text, nullable=False),
        PrimaryKeyConstraint("release_id", "kind", "feature"),
        Column("centre", REAL, nullable=False, comment="Of a number's logarithms, else 0."),
        Column("deviation", REAL, nullable=False, comment="Of a number's logarithms, else 1."),
        Column("weights", ARRAY(REAL), nullable=False, comment="One per factor."),
        CheckConstraint("kind in ('mean', 'flag', 'number')", name="known_kind"),
        CheckConstraint("cardinality(weights) > 0", name="not_empty"),
    )
    op.execute("alter table content_weights alter column weights set statistics 0")
    op.add_column(
        "item_factors",
        Column(
            "learned_from",
            Text,
            nullable=False,
            server_default="interactions",
            comment=LEARNED_FROM,
        ),
    )


def downgrade() -> None:
    op.drop_column("item_factors", "learned_from")
    op.drop_table("content_weights")
