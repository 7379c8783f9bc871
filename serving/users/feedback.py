"""Write users' events: into the outbox and the current feedback, in one transaction.

One statement writes an event into both, so no transaction of several statements is needed. If it
writes nothing, another one finds the reason. The current feedback also has the state that the
newest event replaced: `serving.users.undo` restores it.
"""

import secrets
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, text

from faults import faultpoint
from serving import errors
from serving.schemas import About, FeedbackState, OutboxState, Receipt, SentKind
from serving.storage.prepared import Prepared
from serving.users.erasures import IS_ERASED, OF_USER

CLOCK_SKEW = timedelta(minutes=5)  # how far ahead a caller's clock may be
EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
STEP_TOLERANCE = 1e-6  # share of a step by which a rating may be off

# The newest event wins. `hidden_at` is the time of the newest event of any kind: a hide that is
# older than it is ignored. `previous` is the user's state before the event: the rating is the
# profile's if that is newer than the stored one, and not of an event that was undone.
NEWEST_WINS = """
    on conflict (user_id, item_id) do update set
        rating = case when excluded.rated_at >= coalesce(stored.rated_at, '-infinity')
            then excluded.rating else stored.rating end,
        rated_at = greatest(stored.rated_at, excluded.rated_at),
        hidden = case when excluded.hidden_at >= coalesce(stored.hidden_at, '-infinity')
            then excluded.hidden else stored.hidden end,
        hidden_at = greatest(stored.hidden_at, excluded.hidden_at),
        event_id = excluded.event_id,
        previous = jsonb_build_object(
            'hidden', stored.hidden, 'hidden_at', stored.hidden_at, 'event_id', stored.event_id
        ) || case
            when (excluded.previous ->> 'rated_at')::timestamptz
                    > coalesce(stored.rated_at, '-infinity')
                and (excluded.previous ->> 'rated_at')::timestamptz <> all (stored.undone_at)
            then excluded.previous
            else jsonb_build_object('rating', stored.rating, 'rated_at', stored.rated_at)
        end
    returning event_id, previous
"""
# Shared advisory lock per user: `accounts.erase` takes it exclusively, so an erasure and a write
# cannot interleave. Only a statement after the lock sees whether the user was erased.
_WRITE = Prepared(
    "write_event",
    {"rating": "real", "occurred_at": "timestamptz"}
    | dict.fromkeys(("kind", "user_id", "item_id", "event_id", "caller_key", "sent_by"), "text"),
    f"""
    with accepted as (
        insert into outbox
            (event_id, idempotency_key, kind, user_id, item_id, rating, occurred_at, sent_by)
        select :event_id, :caller_key, :kind, :user_id, :item_id, :rating,
            least(:occurred_at, now()), :sent_by
        where exists (select from items where item_id = :item_id) and not {IS_ERASED}
        on conflict (idempotency_key) do nothing
        returning occurred_at
    )
    insert into feedback as stored
        (user_id, item_id, rating, rated_at, hidden, hidden_at, event_id, previous)
    select :user_id, :item_id, :rating,
        case when :kind in ('rate', 'unrate') then accepted.occurred_at end,
        case when :kind in ('hide', 'not_interested') then :kind end,
        accepted.occurred_at, :event_id,
        coalesce((
            select jsonb_build_object('rating', ratings[position], 'rated_at', rated_at[position])
            from live_release join profiles using (release_id)
            cross join array_position(item_ids, :item_id) as position
            where user_id = :user_id and position is not null
        ), '{{}}')
    from accepted
    {NEWEST_WINS}, (select occurred_at from accepted)
    """,  # noqa: S608 # our own condition
    first=f"select pg_advisory_xact_lock_shared({OF_USER})",
)
_REASON = text(
    f"""
    select {IS_ERASED} as is_erased,
        exists (select from items where item_id = :item_id) as item_exists,
        earlier.event_id, earlier.kind, earlier.user_id, earlier.item_id, earlier.occurred_at,
        earlier.rating is not distinct from cast(:rating as real) as same_rating, current.previous
    from (select) as single_row
    left join outbox as earlier on earlier.idempotency_key = :caller_key
    left join feedback as current on current.user_id = earlier.user_id
        and current.item_id = earlier.item_id and current.event_id = earlier.event_id
    """  # noqa: S608 # our own condition
)
_STATE = text(
    """
    select coalesce(cursor.n_events, 0) + waiting.n as n_events, waiting.n as n_waiting,
        waiting.oldest as oldest_waiting_at, cursor.collected_at
    from (select) as single_row
    left join outbox_cursor as cursor on true
    cross join lateral (
        select count(*) as n, min(received_at) as oldest from outbox
        where xact >= coalesce(cursor.until, 0)
    ) as waiting
    """
)


@dataclass(frozen=True, slots=True)
class Event:
    """One event of a user.

    Args:
        kind: only `rate` has a rating.
        user_id: any id; the user need not exist.
        item_id: an item of the catalogue.
        rating: a value of the data set's scale, from `on_scale`.
        occurred_at: None is the time of arrival. Up to five minutes in the future it becomes the
            time of arrival; later times are refused.
        idempotency_key: the caller's key of this event; None generates one.
    """

    kind: SentKind
    user_id: str
    item_id: str
    rating: float | None = None
    occurred_at: datetime | None = None
    idempotency_key: str | None = None


def accept(connection: Connection, event: Event, *, sent_by: str) -> Receipt:
    """Write an event once, and update the user's current feedback: the newest event wins.

    On a connection that commits each statement, it is accepted when this returns; otherwise once
    the caller commits. `sent_by` is the API key's name.

    Raises:
        RequestRefusedError: it occurred too far in the future, or before 1970.
        UserErasedError: the user was erased.
        IdempotencyKeyReusedError: the idempotency key belongs to another event.
        UnknownItemError: the catalogue does not have the item.
    """
    check_time(event.occurred_at)
    event_id = new_event_id()
    caller_key = event.idempotency_key or event_id
    values: dict[str, Any] = {
        "kind": event.kind,
        "user_id": event.user_id,
        "item_id": event.item_id,
        "rating": event.rating,
        "caller_key": caller_key,
    }
    written = _WRITE.execute(
        connection, **values, event_id=event_id, sent_by=sent_by, occurred_at=event.occurred_at
    ).one_or_none()
    faultpoint("feedback.before_answer")
    if written is None:
        return _repeated(connection, event, values)
    return _receipt(event, event_id, written.occurred_at, written.previous, repeated=False)


def on_scale(rating: float, about: About) -> float:
    """Return the value of the data set's scale that a rating is, within a small tolerance.

    Raises:
        OffScaleError: it is not.
    """
    steps = (rating - about.lowest) / about.step
    n_steps = round(steps)
    if not about.lowest <= rating <= about.highest or abs(steps - n_steps) > STEP_TOLERANCE:
        raise errors.OffScaleError(
            f"{rating:g} is not on the scale: {about.lowest:g} to {about.highest:g} in steps of "
            f"{about.step:g}."
        )
    return about.lowest + n_steps * about.step


def outbox_state(connection: Connection) -> OutboxState:
    """Return the state of the outbox. Only waiting rows are scanned."""
    return OutboxState.model_validate(dict(connection.execute(_STATE).mappings().one()))


def new_event_id(at: int | None = None) -> str:
    """Return a unique id of 32 hexadecimal digits. Later ids are larger.

    `at`: nanoseconds since 1970, by default now.
    """
    return f"{time.time_ns() if at is None else at:016x}{secrets.token_hex(8)}"


def check_time(occurred_at: datetime | None) -> None:
    """Check the time of an event; None is the time of arrival.

    Raises:
        RequestRefusedError: it is too far in the future, or before 1970.
    """
    if occurred_at is None or EARLIEST <= occurred_at <= datetime.now(UTC) + CLOCK_SKEW:
        return
    raise errors.RequestRefusedError(
        f"body.occurred_at: {occurred_at.isoformat()} is before 1970, or more than "
        f"{CLOCK_SKEW.seconds // 60} minutes in the future."
    )


def _repeated(connection: Connection, event: Event, values: dict[str, Any]) -> Receipt:
    """Return the receipt of an event that was written before.

    Raises:
        UserErasedError, IdempotencyKeyReusedError, UnknownItemError: see `accept`.
        ApiUnavailableError: another transaction has just changed what the statement compares.
    """
    row = connection.execute(_REASON, values).one()
    if row.is_erased:
        raise errors.UserErasedError(f"The user {event.user_id!r} was erased.")
    if row.event_id is not None:
        event_fields = (event.kind, event.user_id, event.item_id)
        if (row.kind, row.user_id, row.item_id) != event_fields or not row.same_rating:
            raise errors.IdempotencyKeyReusedError(
                f"The idempotency key {values['caller_key']!r} belongs to another event."
            )
        return _receipt(event, row.event_id, row.occurred_at, row.previous, repeated=True)
    if not row.item_exists:
        raise errors.UnknownItemError(f"There is no item {event.item_id!r}.")
    raise errors.ApiUnavailableError(
        "The event was not written because of a concurrent change, which is over. Retry."
    )


def _receipt(
    event: Event,
    event_id: str,
    occurred_at: datetime,
    previous: dict[str, Any] | None,
    *,
    repeated: bool,
) -> Receipt:
    return Receipt(
        event_id=event_id,
        kind=event.kind,
        user_id=event.user_id,
        item_id=event.item_id,
        status="repeated" if repeated else "accepted",
        occurred_at=occurred_at,
        previous=None if previous is None else FeedbackState.model_validate(previous),
    )
