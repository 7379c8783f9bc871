"""What people do, and how far it was collected."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, func, text, true
from sqlalchemy.dialects.postgresql import REAL
from sqlalchemy.orm import Mapped, mapped_column

from serving.tables.base import Base


class OutboxEvent(Base):
    """What a person did, as it was sent: never changed, read by `collect` in order of `xact`.

    Rows below the snapshot's `xmin` are complete: no transaction that wrote such a row is still
    open. That, and not the order of ids, is what makes reading in parts safe.
    """

    __tablename__ = "outbox"
    __table_args__ = (
        CheckConstraint("kind in ('rate', 'unrate', 'hide', 'not_interested')", name="known_kind"),
        CheckConstraint("(kind = 'rate') = (rating is not null)", name="a_rating_has_a_value"),
        Index("ix_outbox_xact", "xact"),
        Index("ix_outbox_user_id", "user_id"),
    )

    event_id: Mapped[str] = mapped_column(primary_key=True, comment="32 hex digits.")
    idempotency_key: Mapped[str] = mapped_column(unique=True, comment="The caller's: one intent.")
    kind: Mapped[str]
    user_id: Mapped[str]
    item_id: Mapped[str]
    rating: Mapped[float | None] = mapped_column(REAL)
    occurred_at: Mapped[datetime] = mapped_column(comment="As the caller says, else when it came.")
    received_at: Mapped[datetime] = mapped_column(server_default=func.now())
    sent_by: Mapped[str] = mapped_column(comment="Name of the key that wrote it.")
    xact: Mapped[int] = mapped_column(
        server_default=text("(pg_current_xact_id()::text)::bigint"), comment="Its transaction."
    )


class Feedback(Base):
    """What holds now of one person's feedback on one item: the newest event of each sort wins."""

    __tablename__ = "feedback"
    __table_args__ = (
        CheckConstraint("rated_at is not null or hidden_at is not null", name="says_something"),
        CheckConstraint("rating is null or rated_at is not null", name="rated_at_some_time"),
        CheckConstraint("hidden is null or hidden_at is not null", name="hidden_at_some_time"),
        CheckConstraint("hidden in ('hide', 'not_interested')", name="known_hide"),
    )

    user_id: Mapped[str] = mapped_column(primary_key=True)
    item_id: Mapped[str] = mapped_column(primary_key=True)
    rating: Mapped[float | None] = mapped_column(REAL, comment="Null: taken back, or never given.")
    rated_at: Mapped[datetime | None] = mapped_column(comment="Of the newest `rate` or `unrate`.")
    hidden: Mapped[str | None] = mapped_column(comment="`hide`, `not_interested`, or null.")
    hidden_at: Mapped[datetime | None] = mapped_column(
        comment="Of the newest event that hid the item, or showed it again."
    )


class OutboxCursor(Base):
    """How far `collect` has come, as it says itself; the lake's own log is what counts."""

    __tablename__ = "outbox_cursor"
    __table_args__ = (CheckConstraint("one", name="one_row"),)

    one: Mapped[bool] = mapped_column(primary_key=True, server_default=true())
    until: Mapped[int] = mapped_column(comment="Transactions below are in the lake.")
    n_events: Mapped[int] = mapped_column(comment="Collected since the beginning.")
    collected_at: Mapped[datetime] = mapped_column(server_default=func.now())
