"""Let products change the catalogue: attributes of items, removals, and an outbox of changes."""

from alembic import op
from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Integer,
    Text,
    text,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

TIME = DateTime(timezone=True)
BEFORE = "Grows with each change of the rules, or of availability if the rules use it."
NOW = (
    "Grows with each change of the rules, of availability if the rules use it, and of items by the"
    " product."
)
OF_ITEMS = (
    Column(
        "attributes",
        JSONB,
        nullable=False,
        server_default=text("'{}'"),
        comment="Values by name, of the types in `about`.",
    ),
    Column(
        "removed",
        Boolean,
        nullable=False,
        server_default=text("false"),
        comment="Whether the product removed it through the API.",
    ),
    Column(
        "changed_at",
        TIME,
        comment="When the product changed it, or the changed file landed; null: not known.",
    ),
    Column(
        "revision",
        BigInteger,
        nullable=False,
        server_default=text("0"),
        comment="Revision of `slate` with which the product changed it last; 0: it never did.",
    ),
)


def upgrade() -> None:
    for column in OF_ITEMS:
        op.add_column("items", column)
    removed, changed = text("removed"), text("revision > 0")
    op.create_index("ix_items_removed", "items", ["item_id"], postgresql_where=removed)
    op.create_index("ix_items_revision", "items", ["revision"], postgresql_where=changed)
    op.add_column(
        "about",
        Column(
            "attributes",
            JSONB,
            nullable=False,
            server_default=text("'{}'"),
            comment="Type of each attribute of items, by its name.",
        ),
    )
    op.alter_column("slate", "revision", comment=NOW, existing_comment=BEFORE)
    op.create_table(
        "item_changes",
        Column(
            "change_id",
            Text,
            server_default=text("replace(gen_random_uuid()::text, '-', '')"),
            primary_key=True,
            comment="32 hexadecimal digits.",
        ),
        Column("item_id", Text, nullable=False),
        Column("title", Text, nullable=False),
        Column("categories", ARRAY(Text), nullable=False),
        Column("vendor", Text),
        Column("released", Integer, comment="Year."),
        Column("attributes", JSONB, nullable=False),
        Column("removed", Boolean, nullable=False),
        Column("changed_at", TIME, nullable=False, comment="Later changes have later times."),
        Column("received_at", TIME, server_default=text("now()"), nullable=False),
        Column("sent_by", Text, nullable=False, comment="Name of the API key."),
        Column(
            "xact",
            BigInteger,
            server_default=text("(pg_current_xact_id()::text)::bigint"),
            nullable=False,
            comment="Id of the transaction that wrote the row.",
        ),
    )
    op.create_index("ix_item_changes_xact", "item_changes", ["xact"])
    op.create_table(
        "item_changes_cursor",
        Column("only_row", Boolean, server_default=true(), primary_key=True),
        Column(
            "until",
            BigInteger,
            nullable=False,
            comment="Transactions below this id are in the lake.",
        ),
        Column("n_changes", BigInteger, nullable=False, comment="Changes collected so far."),
        Column("collected_at", TIME, server_default=text("now()"), nullable=False),
        CheckConstraint("only_row", name="one_row"),
    )


def downgrade() -> None:
    op.drop_table("item_changes_cursor")
    op.drop_table("item_changes")
    op.alter_column("slate", "revision", comment=BEFORE, existing_comment=NOW)
    op.drop_column("about", "attributes")
    for column in OF_ITEMS[::-1]:
        op.drop_column("items", column.name)
