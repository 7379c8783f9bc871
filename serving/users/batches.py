"""Write a batch of users' events: into the outbox and the current feedback, in one transaction.

Events of the manifest's kinds are in the outbox only. Ratings, hides and their removals also change
the current feedback, as if they were sent one by one in their order.

Callers own the transaction: events are accepted once they commit. The number of statements does
not grow with the number of events. Rows are written in the order of their keys, so that two batches
cannot wait for each other.
"""

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, get_args

from pydantic_core import to_json
from sqlalchemy import Connection, text

from faults import faultpoint
from ranking.strengths import MAX_VALUE
from serving import errors
from serving.errors import ApiError
from serving.schemas import (
    About,
    EventResult,
    HideKind,
    InvalidEvent,
    KindMeaning,
    NewEvent,
    SentKind,
)
from serving.storage.prepared import Prepared
from serving.users import feedback
from serving.users.erasures import OF_BATCHES, digest_of
from serving.users.feedback import NEWEST_WINS
from serving.users.quotas import Quotas

BUILT_IN: tuple[str, ...] = get_args(SentKind)
HIDES: tuple[str, ...] = get_args(HideKind)

# An erasure takes the lock exclusively: it waits for batches, and batches wait for it. A lock per
# user would fill Postgres' table of locks, as a batch may have a thousand users.
_LOCK = text(f"select pg_advisory_xact_lock_shared({OF_BATCHES})")
_IS_ERASED = f"exists (select from erasures where digest = {digest_of('sent.user_id')})"
_OUTBOX = Prepared(
    "write_events",
    {"events": "json", "sent_by": "text"},
    f"""
    insert into outbox (
        event_id, idempotency_key, kind, user_id, item_id, rating, value, occurred_at, list_id,
        sent_by
    )
    select distinct on (key) event_id, key, kind, user_id, item_id, rating, value,
        least(occurred_at, now() + index * interval '1 microsecond'), list_id, :sent_by
    from json_to_recordset(:events) as sent(
        index integer, event_id text, key text, kind text, user_id text, item_id text, rating real,
        value double precision, occurred_at timestamptz, list_id text
    )
    where exists (select from items where items.item_id = sent.item_id) and not {_IS_ERASED}
    order by key, index
    on conflict (idempotency_key) do nothing
    returning event_id, occurred_at
    """,  # noqa: S608 # our own condition
)
_FEEDBACK = Prepared(
    "write_feedback_of_events",
    {"states": "json"},
    f"""
    insert into feedback as stored
        (user_id, item_id, rating, rated_at, hidden, hidden_at, event_id, previous)
    select user_id, item_id, rating, rated_at, hidden, hidden_at, event_id,
        coalesce((
            select jsonb_build_object(
                'rating', profiles.ratings[position], 'rated_at', profiles.rated_at[position]
            )
            from live_release join profiles using (release_id)
            cross join array_position(profiles.item_ids, sent.item_id) as position
            where profiles.user_id = sent.user_id and position is not null
        ), '{{}}')
    from json_to_recordset(:states) as sent(
        user_id text, item_id text, rating real, rated_at timestamptz, hidden text,
        hidden_at timestamptz, event_id text
    )
    order by user_id, item_id
    {NEWEST_WINS}
    """,  # noqa: S608 # our own clause
)
_REASONS = Prepared(
    "why_not_written",
    {"events": "json"},
    f"""
    select sent.event_id as sent_id, {_IS_ERASED} as is_erased,
        exists (select from items where items.item_id = sent.item_id) as item_exists,
        earlier.event_id, earlier.occurred_at,
        (earlier.kind, earlier.user_id, earlier.item_id) = (sent.kind, sent.user_id, sent.item_id)
            and earlier.rating is not distinct from sent.rating
            and earlier.value is not distinct from sent.value as is_same
    from json_to_recordset(:events) as sent(
        event_id text, key text, kind text, user_id text, item_id text, rating real,
        value double precision
    )
    left join outbox as earlier on earlier.idempotency_key = sent.key
    """,  # noqa: S608 # our own condition
)

Sent = NewEvent | InvalidEvent


@dataclass(frozen=True, slots=True)
class _Row:
    """An event to write. `index` counts the events of the request from 0."""

    index: int
    event_id: str
    key: str
    kind: str
    user_id: str
    item_id: str
    rating: float | None
    value: float | None
    occurred_at: datetime | None
    list_id: str | None

    def is_same(self, other: "_Row") -> bool:
        """Return whether the other one may be sent again under the same key."""
        return all(
            getattr(self, name) == getattr(other, name)
            for name in ("kind", "user_id", "item_id", "rating", "value")
        )


@dataclass(frozen=True, slots=True)
class _State:
    """What events leave of a user's feedback on an item."""

    user_id: str
    item_id: str
    rating: float | None
    rated_at: datetime | None
    hidden: str | None
    hidden_at: datetime
    event_id: str

    def followed_by(self, later: "_State") -> "_State":
        """Return what is left after later events: of each kind, the newest by time counts."""
        state = replace(later, hidden_at=max(self.hidden_at, later.hidden_at))
        if later.hidden_at < self.hidden_at:
            state = replace(state, hidden=self.hidden)
        is_older = self.rated_at is not None and (
            later.rated_at is None or later.rated_at < self.rated_at
        )
        return replace(state, rating=self.rating, rated_at=self.rated_at) if is_older else state


class Budget:
    """The quotas of the key that sends a batch."""

    def __init__(self, quotas: Quotas, dataset: str, key_name: str) -> None:
        self._quotas, self._dataset, self.key_name = quotas, dataset, key_name

    def refusals(self, user_ids: Sequence[str]) -> Sequence[ApiError | None]:
        """Return for each event, by its user, in order: why it is refused, or None."""
        return self._quotas.refusals(self._dataset, self.key_name, user_ids)

    def count(self, user_id: str) -> None:
        """Count an event of the user that was committed."""
        self._quotas.count(self._dataset, self.key_name, "events", user_id)


def accept(
    connection: Connection, sent: Sequence[Sent], about: About, budget: Budget
) -> list[EventResult]:
    """Write the events that can be written, each once, and return what became of each, in order.

    The caller must roll the transaction back on an error. Of events with the same `event_id`, the
    first one that can be written is written.
    """
    results: dict[int, EventResult] = {}
    rows = _checked(sent, about, results)
    rows = _within(budget, rows, results)
    if rows:
        _write(connection, rows, results, sent_by=budget.key_name)
    faultpoint("events.before_commit")
    return [results[index] for index in range(len(sent))]


def hold_up_erasures(connection: Connection) -> None:
    """Wait for erasures that have begun, and let no other begin until the transaction ends."""
    connection.execute(_LOCK)


def _checked(sent: Sequence[Sent], about: About, results: dict[int, EventResult]) -> list[_Row]:
    """Return the valid events as rows; add the refusals of the others to the results."""
    rows, begun = [], time.time_ns()
    for index, event in enumerate(sent):
        if isinstance(event, InvalidEvent):
            results[index] = refused(errors.RequestRefusedError(event.problem))
            continue
        try:
            number = _number(event, about)
        except ApiError as error:
            results[index] = refused(error)
            continue
        event_id = feedback.new_event_id(begun + index)
        rows.append(
            _Row(
                index=index,
                event_id=event_id,
                key=event.event_id or event_id,
                kind=event.kind,
                user_id=event.user_id,
                item_id=event.item_id,
                rating=number if event.kind == "rate" else None,
                value=None if event.kind == "rate" else number,
                occurred_at=event.occurred_at,
                list_id=event.list_id,
            )
        )
    return rows


def _number(event: NewEvent, about: About) -> float | None:
    """Return the event's value.

    Raises:
        RequestRefusedError: the time or the value is out of bounds.
        UnknownKindError: the data set has no such kind.
        OffScaleError: it is a rating that is not on the scale.
    """
    feedback.check_time(event.occurred_at)
    if event.kind in BUILT_IN:
        return _rating(event, about)
    meaning = about.kinds.get(event.kind)
    if meaning is None:
        known = ", ".join((*sorted(about.kinds), *BUILT_IN))
        raise errors.UnknownKindError(f"There is no kind {event.kind!r}; there are {known}.")
    return _value(event, meaning)


def _rating(event: NewEvent, about: About) -> float | None:
    if event.kind == "rate" and event.value is not None:
        return feedback.on_scale(event.value, about)
    if event.kind == "rate":
        raise errors.RequestRefusedError("value: an event of the kind 'rate' needs the rating.")
    if event.value is not None:
        raise errors.RequestRefusedError(f"value: events of the kind {event.kind!r} have none.")
    return None


def _value(event: NewEvent, meaning: KindMeaning) -> float | None:
    value = event.value
    if value is not None and value < 0:
        raise errors.RequestRefusedError(f"value: {value:g} is below 0.")
    if value is not None and value > MAX_VALUE:
        raise errors.RequestRefusedError(f"value: {value:g} is above {MAX_VALUE:,.0f}.")
    if value is not None and meaning.value == "share" and value > 1:
        raise errors.RequestRefusedError(
            f"value: {value:g} is above 1: the values of {event.kind!r} are shares."
        )
    return value


def _within(budget: Budget, rows: list[_Row], results: dict[int, EventResult]) -> list[_Row]:
    """Return the rows that the quotas allow; add the refusals of the others to the results."""
    allowed = []
    for row, error in zip(rows, budget.refusals([row.user_id for row in rows]), strict=True):
        if error is None:
            allowed.append(row)
        else:
            results[row.index] = refused(error)
    return allowed


def _write(
    connection: Connection, rows: Sequence[_Row], results: dict[int, EventResult], *, sent_by: str
) -> None:
    """Write the first row of each key that can be written; add the results of all rows."""
    hold_up_erasures(connection)
    events = _json(rows)
    written = {
        row.event_id: row.occurred_at
        for row in _OUTBOX.execute(connection, events=events, sent_by=sent_by)
    }
    accepted = [row for row in rows if row.event_id in written]
    for row in accepted:
        results[row.index] = _result("accepted", row.event_id, written[row.event_id])
    by_key = {row.key: row for row in accepted}
    others = [row for row in rows if row.event_id not in written]
    later = [row for row in others if row.key in by_key and row.index > by_key[row.key].index]
    results |= {row.index: _again(row, by_key[row.key], results) for row in later}
    if len(later) < len(others):
        earlier = [row for row in others if row.index not in results]
        results |= _unwritten(connection, earlier, {*written})
    of_feedback = [row for row in accepted if row.kind in BUILT_IN]
    _write_feedback(connection, [_state(row, written[row.event_id]) for row in of_feedback])


def _write_feedback(connection: Connection, states: Sequence[_State]) -> None:
    """Update the current feedback by events in their order.

    If a user and item have several events, the last one is written on its own, after the others
    together: the row has the state that it replaced. The first statement writes, and so locks, the
    rows of all users and items in the order of their keys.
    """
    by_pair: dict[tuple[str, str], list[_State]] = {}
    for state in states:
        by_pair.setdefault((state.user_id, state.item_id), []).append(state)
    first = [_folded(of_pair[:-1] or of_pair) for of_pair in by_pair.values()]
    last = [of_pair[-1] for of_pair in by_pair.values() if len(of_pair) > 1]
    for written in (first, last):
        if written:
            _FEEDBACK.execute(connection, states=_json(written))


def _folded(states: Sequence[_State]) -> _State:
    folded = states[0]
    for later in states[1:]:
        folded = folded.followed_by(later)
    return folded


def _state(row: _Row, occurred_at: datetime) -> _State:
    return _State(
        user_id=row.user_id,
        item_id=row.item_id,
        rating=row.rating,
        rated_at=occurred_at if row.kind in {"rate", "unrate"} else None,
        hidden=row.kind if row.kind in HIDES else None,
        hidden_at=occurred_at,
        event_id=row.event_id,
    )


def _unwritten(
    connection: Connection, rows: Sequence[_Row], written: Collection[str]
) -> dict[int, EventResult]:
    """Return the results of rows that were not written: repeated or refused.

    `written` are the ids of the request's events that were written after these rows.
    """
    by_id = {row.event_id: row for row in rows}
    results = {}
    for reason in _REASONS.execute(connection, events=_json(rows)):
        row = by_id[reason.sent_id]
        is_used = reason.event_id is not None and reason.event_id not in written
        if is_used and reason.is_same and not reason.is_erased:
            results[row.index] = _result("repeated", reason.event_id, reason.occurred_at)
        else:
            results[row.index] = refused(_error(row, reason, is_used=is_used))
    return results


def _error(row: _Row, reason: Any, *, is_used: bool) -> ApiError:
    """Return the error for a row of `_REASONS`; `is_used`: another event has its key."""
    if reason.is_erased:
        return errors.UserErasedError(f"The user {row.user_id!r} was erased.")
    if is_used:
        return _reused(row)
    if not reason.item_exists:
        return errors.UnknownItemError(f"There is no item {row.item_id!r}.")
    return errors.ApiUnavailableError(
        "The event was not written because of a concurrent change, which is over. Retry."
    )


def _again(row: _Row, first: _Row, results: Mapping[int, EventResult]) -> EventResult:
    """Return the result of an event whose key an event of the request has used before it."""
    if not row.is_same(first):
        return refused(_reused(row))
    return results[first.index].model_copy(update={"status": "repeated"})


def _reused(row: _Row) -> ApiError:
    return errors.IdempotencyKeyReusedError(f"The `event_id` {row.key!r} belongs to another event.")


def _result(status: Any, event_id: str, occurred_at: datetime) -> EventResult:
    return EventResult(status=status, event_id=event_id, occurred_at=occurred_at)


def refused(error: ApiError) -> EventResult:
    """Return the result of an event that is refused for this reason."""
    return EventResult(
        status="refused",
        code=error.code,
        title=error.title,
        detail=str(error),
        next_step=error.next_step,
    )


def _json(rows: Collection[_Row] | Collection[_State]) -> str:
    return to_json([*rows]).decode()
