"""The outbox of users' events, as `collect` reads it."""

from sqlalchemy import Engine

from serving.storage.outboxes import Batch, Outbox

_EVENTS = Outbox(
    table="outbox",
    columns="event_id, kind, user_id, item_id, rating, occurred_at, received_at, sent_by, undoes,"
    " value, list_id, undone_kind, undone_at",
    order="event_id",
    cursor="outbox_cursor",
    counter="n_events",
)


def read(engine: Engine, *, since: int, size: int) -> Batch | None:
    """Return the next batch, or None if no complete one waits.

    A batch has at most `size` events, unless its only transaction has more.

    Raises:
        OutboxRestoredError: this Postgres has not reached transaction `since`.
    """
    return _EVENTS.read(engine, since=since, size=size)


def count(engine: Engine, *, since: int, until: int) -> int:
    """Return the number of events of these transactions that the outbox has now."""
    return _EVENTS.count(engine, since=since, until=until)


def move_cursor(engine: Engine, *, until: int, n_events: int) -> bool:
    """Copy the lake's progress to Postgres; return False if it was there already."""
    return _EVENTS.move_cursor(engine, until=until, n_rows=n_events)
