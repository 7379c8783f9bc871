"""Let `collect` copy attributes of users, and releases say how far they have learned them."""

from alembic import op
from sqlalchemy import BigInteger, Boolean, CheckConstraint, Column, DateTime, text, true

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "user_attributes",
        Column(
            "xact",
            BigInteger,
            server_default=text("(pg_current_xact_id()::text)::bigint"),
            nullable=False,
            comment="Id of the transaction that wrote the row.",
        ),
    )
    op.create_index("ix_user_attributes_xact", "user_attributes", ["xact"])
    op.create_table(
        "user_attributes_cursor",
        Column("only_row", Boolean, server_default=true(), primary_key=True),
        Column(
            "until",
            BigInteger,
            nullable=False,
            comment="Transactions below this id are in the lake.",
        ),
        Column("n_changes", BigInteger, nullable=False, comment="Changes collected so far."),
        Column(
            "collected_at",
            DateTime(timezone=True),
            server_default=text("now()"),
            nullable=False,
        ),
        CheckConstraint("only_row", name="one_row"),
    )
    op.add_column(
        "releases",
        Column(
            "users_until",
            BigInteger,
            comment="Attributes that the product sent in transactions below this one were learned; "
            "null: none.",
        ),
    )


def downgrade() -> None:
    op.drop_column("releases", "users_until")
    op.drop_table("user_attributes_cursor")
    op.drop_index("ix_user_attributes_xact", "user_attributes")
    op.drop_column("user_attributes", "xact")
