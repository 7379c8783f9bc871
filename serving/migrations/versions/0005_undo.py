"""Keep what each event replaced, so that it can be undone. Events before this cannot."""

from alembic import op
from sqlalchemy import Column, DateTime, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

KINDS = "'rate', 'unrate', 'hide', 'not_interested'"


def upgrade() -> None:
    op.add_column("outbox", Column("undoes", Text, comment="The event that an `undo` undoes."))
    op.drop_constraint("ck_outbox_known_kind", "outbox")
    op.create_check_constraint("known_kind", "outbox", f"kind in ({KINDS}, 'undo')")
    op.create_check_constraint(
        "an_undo_has_an_event", "outbox", "(kind = 'undo') = (undoes is not null)"
    )
    op.add_column(
        "feedback",
        Column(
            "event_id", Text, comment="The event that was written last; null if it is not known."
        ),
    )
    op.add_column(
        "feedback",
        Column(
            "previous",
            JSONB,
            comment="The user's state before `event_id`; null: that event cannot be undone.",
        ),
    )
    op.add_column(
        "feedback",
        Column(
            "undone_at",
            ARRAY(DateTime(timezone=True)),
            nullable=False,
            server_default=text("'{}'"),
            comment="Times of ratings and removals that were undone: profiles with them are "
            "outdated.",
        ),
    )
    op.drop_constraint("ck_feedback_not_empty", "feedback")


def downgrade() -> None:
    op.execute("delete from feedback where rated_at is null and hidden_at is null")
    op.create_check_constraint(
        "not_empty", "feedback", "rated_at is not null or hidden_at is not null"
    )
    for name in ("undone_at", "previous", "event_id"):
        op.drop_column("feedback", name)
    op.execute("delete from outbox where kind = 'undo'")
    op.drop_constraint("ck_outbox_an_undo_has_an_event", "outbox")
    op.drop_constraint("ck_outbox_known_kind", "outbox")
    op.create_check_constraint("known_kind", "outbox", f"kind in ({KINDS})")
    op.drop_column("outbox", "undoes")
