"""The outbox as `collect` reads it: in batches that are complete and disjoint.

A batch ends at a transaction boundary below the snapshot's `xmin`: it has all events of its
transactions, and each of these transactions has ended.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, text

from serving.errors import OutboxRestoredError

_END = text("select pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
_CUT = text(
    "select xact from outbox where xact >= :since and xact < :until"
    " order by xact offset :size limit 1"
)
_FIRST = text("select min(xact) from outbox where xact >= :since")
_EVENTS = text(
    "select event_id, kind, user_id, item_id, rating, occurred_at, received_at, sent_by, undoes,"
    " value, list_id, undone_kind, undone_at"
    " from outbox where xact >= :since and xact < :until order by xact, event_id"
)
_COUNT = text("select count(*) from outbox where xact >= :since and xact < :until")
_MOVE = text(
    "insert into outbox_cursor (until, n_events) values (:until, :n_events)"
    " on conflict (only_row) do update set"
    " until = excluded.until, n_events = excluded.n_events, collected_at = now()"
    " where outbox_cursor.until < excluded.until"
)


@dataclass(frozen=True, slots=True)
class OutboxBatch:
    """The events of transactions `since` (included) to `until` (excluded), in their order."""

    since: int
    until: int
    events: tuple[dict[str, Any], ...]


def read(engine: Engine, *, since: int, size: int) -> OutboxBatch | None:
    """Return the next batch, or None if no complete one waits.

    A batch has at most `size` events, unless its only transaction has more.

    Raises:
        OutboxRestoredError: this Postgres has not reached transaction `since`.
    """
    repeatable = engine.execution_options(isolation_level="REPEATABLE READ")
    with repeatable.begin() as connection:
        until = int(connection.scalar(_END) or 0)
        if until < since:
            raise OutboxRestoredError(
                f"Postgres has reached transaction {until}, but the lake has those below {since}: "
                "Postgres was restored or replaced, and new events would be skipped. Advance its "
                f"counter with pg_resetwal --next-transaction-id={since}, then collect again"
            )
        until = _cut(connection, since, until, size)
        rows = connection.execute(_EVENTS, {"since": since, "until": until}).mappings()
        events = tuple(dict(row) for row in rows)
    return OutboxBatch(since, until, events) if events else None


def count(engine: Engine, *, since: int, until: int) -> int:
    """Return the number of events of these transactions that the outbox has now."""
    with engine.connect() as connection:
        return int(connection.scalar(_COUNT, {"since": since, "until": until}) or 0)


def move_cursor(engine: Engine, *, until: int, n_events: int) -> bool:
    """Copy the lake's progress to Postgres; return False if it was there already."""
    with engine.begin() as connection:
        moved = connection.execute(_MOVE, {"until": until, "n_events": n_events})
        return moved.rowcount > 0


def _cut(connection: Connection, since: int, until: int, size: int) -> int:
    """Return where a batch of at most `size` events ends, without cutting a transaction."""
    bounds = {"since": since, "until": until}
    beyond = connection.scalar(_CUT, bounds | {"size": size})
    if beyond is None:
        return until
    first = connection.scalar(_FIRST, bounds)
    return int(beyond) + 1 if beyond == first else int(beyond)
