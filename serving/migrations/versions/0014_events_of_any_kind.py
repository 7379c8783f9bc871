"""Events of the manifest's kinds, with a value and the list on which the item was found."""

from alembic import op
from sqlalchemy import Column, DateTime, Double, Text, text
from sqlalchemy.dialects.postgresql import JSONB

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

BUILT_IN = "'rate', 'unrate', 'hide', 'not_interested'"


def upgrade() -> None:
    of_value = "Number of an event of the manifest's kinds; of an `undo`: that it undoes."
    of_list = "The list on which the user found the item, as sent."
    of_time = "When that event occurred."
    op.add_column("outbox", Column("value", Double, comment=of_value))
    op.add_column("outbox", Column("list_id", Text, comment=of_list))
    op.add_column(
        "outbox", Column("undone_kind", Text, comment="Kind of the event that is undone.")
    )
    op.add_column("outbox", Column("undone_at", DateTime(timezone=True), comment=of_time))
    op.drop_constraint("ck_outbox_known_kind", "outbox")
    op.create_check_constraint("has_a_kind", "outbox", "kind <> ''")
    op.create_check_constraint(
        "a_value_is_of_another_kind", "outbox", f"value is null or kind not in ({BUILT_IN})"
    )
    op.alter_column(
        "outbox",
        "kind",
        comment="`rate`, `unrate`, `hide`, `not_interested`, `undo`, or of the manifest.",
    )
    op.add_column(
        "about",
        Column(
            "kinds",
            JSONB,
            nullable=False,
            server_default=text("'{}'"),
            comment="The manifest's kinds of events, and what they mean.",
        ),
    )


def downgrade() -> None:
    op.drop_column("about", "kinds")
    op.alter_column("outbox", "kind", comment=None)
    of_others = f"kind not in ({BUILT_IN}, 'undo') or undone_kind not in ({BUILT_IN})"
    op.execute(f"delete from outbox where {of_others}")  # noqa: S608 # our own names
    op.drop_constraint("ck_outbox_a_value_is_of_another_kind", "outbox")
    op.drop_constraint("ck_outbox_has_a_kind", "outbox")
    op.create_check_constraint("known_kind", "outbox", f"kind in ({BUILT_IN}, 'undo')")
    for name in ("undone_at", "undone_kind", "list_id", "value"):
        op.drop_column("outbox", name)
