"""Users' events, their current feedback, and how far events were collected."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Double, Index, func, text
from sqlalchemy.dialects.postgresql import REAL
from sqlalchemy.orm import Mapped, mapped_column

from serving.tables.base import Base, SingleRow


class OutboxEvent(Base):
    """An event of a user, as it was sent. An erasure deletes it; nothing changes it.

    `collect` reads the outbox in the order of `xact`. Rows below the snapshot's `xmin` are
    complete, because every transaction that wrote one has ended. This makes it safe to read the
    outbox in batches; the order of ids does not.
    """

    __tablename__ = "outbox"
    __table_args__ = (
        CheckConstraint("kind <> ''", name="has_a_kind"),
        CheckConstraint("(kind = 'undo') = (undoes is not null)", name="an_undo_has_an_event"),
        CheckConstraint("(kind = 'rate') = (rating is not null)", name="a_rating_has_a_value"),
        CheckConstraint(
            "value is null or kind not in ('rate', 'unrate', 'hide', 'not_interested')",
            name="a_value_is_of_another_kind",
        ),
        Index("ix_outbox_xact", "xact"),
        Index("ix_outbox_user_id_xact", "user_id", "xact"),
        Index("ix_outbox_undoes", "undoes", postgresql_where=text("undoes is not null")),
    )

    event_id: Mapped[str] = mapped_column(primary_key=True, comment="32 hexadecimal digits.")
    idempotency_key: Mapped[str] = mapped_column(unique=True, comment="Chosen by the caller.")
    kind: Mapped[str] = mapped_column(
        comment="`rate`, `unrate`, `hide`, `not_interested`, `undo`, or of the manifest."
    )
    user_id: Mapped[str]
    item_id: Mapped[str]
    rating: Mapped[float | None] = mapped_column(REAL)
    occurred_at: Mapped[datetime] = mapped_column(comment="As sent; by default `received_at`.")
    received_at: Mapped[datetime] = mapped_column(server_default=func.now())
    sent_by: Mapped[str] = mapped_column(comment="Name of the API key.")
    xact: Mapped[int] = mapped_column(
        server_default=text("(pg_current_xact_id()::text)::bigint"),
        comment="Id of the transaction that wrote the row.",
    )
    undoes: Mapped[str | None] = mapped_column(comment="The event that an `undo` undoes.")
    value: Mapped[float | None] = mapped_column(
        Double, comment="Number of an event of the manifest's kinds; of an `undo`: that it undoes."
    )
    list_id: Mapped[str | None] = mapped_column(
        comment="The list on which the user found the item, as sent."
    )
    undone_kind: Mapped[str | None] = mapped_column(comment="Kind of the event that is undone.")
    undone_at: Mapped[datetime | None] = mapped_column(comment="When that event occurred.")


class Feedback(Base):
    """A user's current feedback on an item: the newest rating event and the newest hiding event.

    Undone events do not count; a row of a user whose only event was undone has no times.
    """

    __tablename__ = "feedback"
    __table_args__ = (
        CheckConstraint("rating is null or rated_at is not null", name="rating_has_a_time"),
        CheckConstraint("hidden is null or hidden_at is not null", name="hidden_has_a_time"),
        CheckConstraint("hidden in ('hide', 'not_interested')", name="known_hide"),
    )

    user_id: Mapped[str] = mapped_column(primary_key=True)
    item_id: Mapped[str] = mapped_column(primary_key=True)
    rating: Mapped[float | None] = mapped_column(REAL, comment="Null: removed, or never rated.")
    rated_at: Mapped[datetime | None] = mapped_column(
        comment="Time of the newest `rate` or `unrate`."
    )
    hidden: Mapped[str | None] = mapped_column(comment="`hide`, `not_interested`, or null.")
    hidden_at: Mapped[datetime | None] = mapped_column(
        comment="Time of the newest event that hid the item or showed it again."
    )
    event_id: Mapped[str | None] = mapped_column(
        comment="The event that was written last; null if it is not known."
    )
    previous: Mapped[dict[str, Any] | None] = mapped_column(
        comment="The user's state before `event_id`; null: that event cannot be undone."
    )
    undone_at: Mapped[list[datetime]] = mapped_column(
        server_default=text("'{}'"),
        comment="Times of undone ratings that profiles of kept releases have: readers ignore them.",
    )


class ShownList(Base):
    """A list that the API answered. An erasure deletes those of the user."""

    __tablename__ = "shown_lists"
    __table_args__ = (
        Index("ix_shown_lists_user_id", "user_id", postgresql_where=text("user_id is not null")),
        Index("ix_shown_lists_shown_at", "shown_at"),
    )

    list_id: Mapped[str] = mapped_column(primary_key=True, comment="24 hexadecimal digits.")
    kind: Mapped[str] = mapped_column(
        comment="`live`, `batch`, `fallback`, `popular`, `trending`, `vendor`, `similar`, or the "
        "source of a placement's shelf."
    )
    user_id: Mapped[str | None]
    release_id: Mapped[int]
    rules_version: Mapped[int | None] = mapped_column(comment="Of the slate rules.")
    placement: Mapped[str | None] = mapped_column(comment="Where on a page it was shown.")
    item_ids: Mapped[list[str]] = mapped_column(comment="As shown, best first.")
    shown_at: Mapped[datetime]


class OutboxCursor(SingleRow, Base):
    """How far `collect` has read the outbox. The lake's own log decides; this is a copy."""

    __tablename__ = "outbox_cursor"

    until: Mapped[int] = mapped_column(comment="Transactions below this id are in the lake.")
    n_events: Mapped[int] = mapped_column(comment="Events collected so far.")
    collected_at: Mapped[datetime] = mapped_column(server_default=func.now())
