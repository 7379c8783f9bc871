"""Profiles with events of the manifest's kinds, and how far a release has read the outbox."""

from alembic import op
from sqlalchemy import BigInteger, Column, DateTime, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, REAL

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

COLUMNS = (
    ("acted_ids", Text, "An entry per item and kind of event."),
    ("acted_kinds", Text, None),
    ("amounts", REAL, "Sum of the events' values; of shares the largest."),
    ("acted_at", DateTime(timezone=True), "Time of the newest event."),
)


def upgrade() -> None:
    for name, of, comment in COLUMNS:
        empty = text("'{}'")
        op.add_column(
            "profiles",
            Column(name, ARRAY(of), nullable=False, server_default=empty, comment=comment),
        )
        op.execute(f"alter table profiles alter column {name} set statistics 0")
    op.drop_constraint("ck_profiles_not_empty", "profiles")
    op.create_check_constraint(
        "not_empty", "profiles", "cardinality(item_ids) + cardinality(acted_ids) > 0"
    )
    op.create_check_constraint(
        "same_number_of_acts",
        "profiles",
        "cardinality(acted_ids) = cardinality(acted_kinds)"
        " and cardinality(acted_ids) = cardinality(amounts)"
        " and cardinality(acted_ids) = cardinality(acted_at)",
    )
    op.add_column(
        "releases",
        Column(
            "outbox_until",
            BigInteger,
            comment="Events of the outbox below this transaction were learned; null: not known.",
        ),
    )
    op.create_index("ix_outbox_user_id_xact", "outbox", ["user_id", "xact"])
    op.drop_index("ix_outbox_user_id", "outbox")


def downgrade() -> None:
    op.create_index("ix_outbox_user_id", "outbox", ["user_id"])
    op.drop_index("ix_outbox_user_id_xact", "outbox")
    op.drop_column("releases", "outbox_until")
    op.execute("delete from profiles where cardinality(item_ids) = 0")
    op.drop_constraint("ck_profiles_same_number_of_acts", "profiles")
    op.drop_constraint("ck_profiles_not_empty", "profiles")
    op.create_check_constraint("not_empty", "profiles", "cardinality(item_ids) > 0")
    for name, _, _ in reversed(COLUMNS):
        op.drop_column("profiles", name)
