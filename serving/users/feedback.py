"""What people did: an event into the outbox and what holds now, in one transaction.

Callers own the transaction: an event is accepted once they commit. Two statements do the work; a
third one asks for the reason when an event is not taken.
"""

import secrets
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, text

from serving.errors import (
    ApiUnavailableError,
    IdempotencyKeyReusedError,
    OffScaleError,
    RequestRefusedError,
    UnknownItemError,
    UserErasedError,
)
from serving.schemas import About, EventKind, OutboxState, Receipt
from serving.storage.prepared import Prepared

AHEAD = timedelta(minutes=5)  # so far a caller's clock may be wrong
EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)

# Its lock: who forgets a person (`newcomers.forget`) waits for those who write for him, and they
# for him. Only the next statement then sees whether he is forgotten.
_OUTBOX = Prepared(
    "take_event",
    {
        "event_id": "text",
        "caller_key": "text",
        "kind": "text",
        "user_id": "text",
        "item_id": "text",
        "rating": "real",
        "occurred_at": "timestamptz",
        "sent_by": "text",
    },
    """
    insert into outbox
        (event_id, idempotency_key, kind, user_id, item_id, rating, occurred_at, sent_by)
    select :event_id, :caller_key, :kind, :user_id, :item_id, :rating,
        least(:occurred_at, now()), :sent_by
    from (select pg_advisory_xact_lock_shared(hashtextextended(:user_id, 0)) offset 0) as turn
    where exists (select from items where item_id = :item_id)
    on conflict (idempotency_key) do nothing
    returning occurred_at
    """,
)
# `hidden_at` is the time of the newest event of any kind: an older hide that comes late hides not.
_HOLDS = Prepared(
    "hold_event",
    {
        "kind": "text",
        "user_id": "text",
        "item_id": "text",
        "rating": "real",
        "occurred_at": "timestamptz",
    },
    """
    insert into feedback as held (user_id, item_id, rating, rated_at, hidden, hidden_at)
    select :user_id, :item_id, :rating,
        case when :kind in ('rate', 'unrate') then :occurred_at end,
        case when :kind in ('hide', 'not_interested') then :kind end,
        :occurred_at
    where not exists (select from erasures where user_id = :user_id)
    on conflict (user_id, item_id) do update set
        rating = case when excluded.rated_at >= coalesce(held.rated_at, '-infinity')
            then excluded.rating else held.rating end,
        rated_at = greatest(held.rated_at, excluded.rated_at),
        hidden = case when excluded.hidden_at >= coalesce(held.hidden_at, '-infinity')
            then excluded.hidden else held.hidden end,
        hidden_at = greatest(held.hidden_at, excluded.hidden_at)
    returning true
    """,
)
_WHY_NOT = text(
    """
    select exists (select from erasures where user_id = :user_id) as forgotten,
        exists (select from items where item_id = :item_id) as known,
        taken.event_id, taken.kind, taken.user_id, taken.item_id, taken.occurred_at,
        taken.rating is not distinct from cast(:rating as real) as same_rating
    from (select) as one left join outbox as taken on taken.idempotency_key = :caller_key
    """
)
_STATE = text(
    """
    select coalesce(cursor.n_events, 0) + waiting.n as n_events, waiting.n as n_waiting,
        waiting.oldest as oldest_waiting_at, cursor.collected_at
    from (select) as one
    left join outbox_cursor as cursor on true
    cross join lateral (
        select count(*) as n, min(received_at) as oldest from outbox
        where xact >= coalesce(cursor.until, 0)
    ) as waiting
    """
)


@dataclass(frozen=True, slots=True)
class Event:
    """What a person did.

    Args:
        kind: `rate` alone has a rating.
        user_id: who; he need not be known.
        item_id: to what.
        rating: on the data set's scale; `refuse_off_scale` says whether it is.
        occurred_at: None is now. A time ahead, as of a clock that is fast, is taken for now.
        idempotency_key: the caller's word for this very intent; None for one of its own.
    """

    kind: EventKind
    user_id: str
    item_id: str
    rating: float | None = None
    occurred_at: datetime | None = None
    idempotency_key: str | None = None


def accept(connection: Connection, event: Event, *, sent_by: str) -> Receipt:
    """Write an event, once, and what holds after it: of each side the newest event wins.

    Args:
        connection: in the caller's transaction, which it must roll back on an error.
        event: what happened.
        sent_by: name of the key that wrote it.

    Raises:
        RequestRefusedError: it happened too far ahead, or before 1970.
        UserErasedError: the person asked to be forgotten.
        IdempotencyKeyReusedError: its idempotency key was taken for another event.
        UnknownItemError: the catalogue does not have the item.
    """
    _refuse_impossible(event.occurred_at)
    event_id = new_event_id()
    what = {
        "kind": event.kind,
        "user_id": event.user_id,
        "item_id": event.item_id,
        "rating": event.rating,
    }
    caller_key = event.idempotency_key or event_id
    given = what | {"event_id": event_id, "caller_key": caller_key, "sent_by": sent_by}
    occurred_at = _OUTBOX.execute(connection, **given, occurred_at=event.occurred_at).scalar()
    if occurred_at is None:
        return _repeated(connection, event, caller_key)
    if _HOLDS.execute(connection, **what, occurred_at=occurred_at).scalar() is None:
        raise UserErasedError(f"{event.user_id!r} asked to be forgotten.")
    return _receipt(event, event_id, occurred_at, repeated=False)


def refuse_off_scale(rating: float, about: About) -> None:
    """Let a rating of the data set's scale pass in silence.

    Raises:
        OffScaleError: it is none.
    """
    steps = (rating - about.lowest) / about.step
    if not about.lowest <= rating <= about.highest or abs(steps - round(steps)) > 1e-6:  # noqa: PLR2004 # of a step
        raise OffScaleError(
            f"{rating:g} is not on the scale: {about.lowest:g} to {about.highest:g} by steps of "
            f"{about.step:g}."
        )


def outbox_state(connection: Connection) -> OutboxState:
    """Return how many events wait to be collected, and since when; it counts only those."""
    return OutboxState.model_validate(dict(connection.execute(_STATE).mappings().one()))


def new_event_id() -> str:
    """Return 32 hexadecimal digits that no other event has; those of a later event are larger."""
    return f"{time.time_ns():016x}{secrets.token_hex(8)}"


def _refuse_impossible(occurred_at: datetime | None) -> None:
    if occurred_at is None or EARLIEST <= occurred_at <= datetime.now(UTC) + AHEAD:
        return
    raise RequestRefusedError(
        f"body.occurred_at: {occurred_at.isoformat()} is before 1970, or more than "
        f"{AHEAD.seconds // 60} minutes ahead."
    )


def _repeated(connection: Connection, event: Event, caller_key: str) -> Receipt:
    asked = {"user_id": event.user_id, "item_id": event.item_id, "rating": event.rating}
    found = connection.execute(_WHY_NOT, asked | {"caller_key": caller_key}).one()
    if found.forgotten:
        raise UserErasedError(f"{event.user_id!r} asked to be forgotten.")
    if found.event_id is not None:
        same = (found.kind, found.user_id, found.item_id) == (
            event.kind,
            event.user_id,
            event.item_id,
        )
        if not same or not found.same_rating:
            raise IdempotencyKeyReusedError(
                f"The idempotency key {caller_key!r} was taken for another event."
            )
        return _receipt(event, found.event_id, found.occurred_at, repeated=True)
    if not found.known:
        raise UnknownItemError(f"There is no item {event.item_id!r}.")
    raise ApiUnavailableError("What kept the event out is gone again.")


def _receipt(event: Event, event_id: str, occurred_at: datetime, *, repeated: bool) -> Receipt:
    return Receipt(
        event_id=event_id,
        kind=event.kind,
        user_id=event.user_id,
        item_id=event.item_id,
        status="repeated" if repeated else "accepted",
        occurred_at=occurred_at,
    )
