"""Write a batch of users' events: into the outbox and the current feedback, in one transaction.

Events of the manifest's kinds are in the outbox only. Ratings, hides and their removals also change
the current feedback, as if they were sent one by one in their order.

Callers own the transaction: events are accepted once they commit. The number of statements does
not grow with the number of events. Rows are written in the order of their keys, so that two batches
cannot wait for each other.
"""

import time
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from pydantic_core import to_json
from sqlalchemy import Connection

from faults import faultpoint
from serving import errors
from serving.errors import ApiError
from serving.schemas import About, EventResult, InvalidEvent, NewEvent
from serving.storage.prepared import Prepared
from serving.users import erasures, feedback
from serving.users.batches import feedback_states
from serving.users.batches.rows import BUILT_IN, Row, row_of
from serving.users.erasures import digest_of
from serving.users.quotas import Quotas

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


def _checked(sent: Sequence[Sent], about: About, results: dict[int, EventResult]) -> list[Row]:
    """Return the valid events as rows; add the refusals of the others to the results."""
    rows, begun = [], time.time_ns()
    for index, event in enumerate(sent):
        if isinstance(event, InvalidEvent):
            results[index] = refused(errors.RequestRefusedError(event.problem))
            continue
        try:
            event_id = feedback.new_event_id(begun + index)
            rows.append(row_of(event, about, index=index, event_id=event_id))
        except ApiError as error:
            results[index] = refused(error)
    return rows


def _within(budget: Budget, rows: list[Row], results: dict[int, EventResult]) -> list[Row]:
    """Return the rows that the quotas allow; add the refusals of the others to the results."""
    allowed = []
    for row, error in zip(rows, budget.refusals([row.user_id for row in rows]), strict=True):
        if error is None:
            allowed.append(row)
        else:
            results[row.index] = refused(error)
    return allowed


def _write(
    connection: Connection, rows: Sequence[Row], results: dict[int, EventResult], *, sent_by: str
) -> None:
    """Write the first row of each key that can be written; add the results of all rows."""
    erasures.hold_up_for_batch(connection)
    events = to_json(rows).decode()
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
    feedback_states.write(connection, of_feedback, written)


def _unwritten(
    connection: Connection, rows: Sequence[Row], written: Collection[str]
) -> dict[int, EventResult]:
    """Return the results of rows that were not written: repeated or refused.

    `written` are the ids of the request's events that were written after these rows.
    """
    by_id = {row.event_id: row for row in rows}
    results = {}
    for reason in _REASONS.execute(connection, events=to_json(rows).decode()):
        row = by_id[reason.sent_id]
        is_used = reason.event_id is not None and reason.event_id not in written
        if is_used and reason.is_same and not reason.is_erased:
            results[row.index] = _result("repeated", reason.event_id, reason.occurred_at)
        else:
            results[row.index] = refused(_error(row, reason, is_used=is_used))
    return results


def _error(row: Row, reason: Any, *, is_used: bool) -> ApiError:
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


def _again(row: Row, first: Row, results: Mapping[int, EventResult]) -> EventResult:
    """Return the result of an event whose key an event of the request has used before it."""
    if not row.is_same(first):
        return refused(_reused(row))
    return results[first.index].model_copy(update={"status": "repeated"})


def _reused(row: Row) -> ApiError:
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
