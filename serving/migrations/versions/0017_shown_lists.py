"""Keep the lists that the API answers, for a stated time."""

from alembic import op
from sqlalchemy import BigInteger, Column, DateTime, Text, text
from sqlalchemy.dialects.postgresql import ARRAY

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "shown_lists",
        Column("list_id", Text, primary_key=True, comment="24 hexadecimal digits."),
        Column(
            "kind",
            Text,
            nullable=False,
            comment="`live`, `batch`, `fallback`, `popular`, `trending`, `vendor` or `similar`.",
        ),
        Column("user_id", Text),
        Column("release_id", BigInteger, nullable=False),
        Column("rules_version", BigInteger, comment="Of the slate rules."),
        Column("placement", Text, comment="Where on a page it was shown."),
        Column("item_ids", ARRAY(Text), nullable=False, comment="As shown, best first."),
        Column("shown_at", DateTime(timezone=True), nullable=False),
    )
    op.create_index(
        "ix_shown_lists_user_id",
        "shown_lists",
        ["user_id"],
        postgresql_where=text("user_id is not null"),
    )
    op.create_index("ix_shown_lists_shown_at", "shown_lists", ["shown_at"])
    op.execute("alter table shown_lists alter column item_ids set statistics 0")


def downgrade() -> None:
    op.drop_table("shown_lists")
