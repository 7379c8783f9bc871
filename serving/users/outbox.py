"""The outbox as `collect` reads it: part after part, each complete, none read twice.

A part ends at a transaction's boundary below the snapshot's `xmin`: all that was written by the
transactions of a part is in it, and none of them is still open.
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
    "select event_id, kind, user_id, item_id, rating, occurred_at, received_at, sent_by"
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
    """The events of the transactions from `since` to below `until`, in their order."""

    since: int
    until: int
    events: tuple[dict[str, Any], ...]


def read(engine: Engine, *, since: int, size: int) -> OutboxBatch | None:
    """Return the next part, or None where nothing waits that is complete.

    A part has at most `size` events, but a transaction is never cut.

    Raises:
        OutboxRestoredError: this Postgres has not come as far as `since`.
    """
    repeatable = engine.execution_options(isolation_level="REPEATABLE READ")
    with repeatable.begin() as connection:
        until = int(connection.scalar(_END) or 0)
        if until < since:
            raise OutboxRestoredError(
                f"Postgres counts transactions up to {until}, but those below {since} are in the "
                "lake: it was restored or made anew, and events would be passed over. Move its "
                f"counter on: pg_resetwal --next-transaction-id={since}; then collect again"
            )
        until = _cut(connection, since, until, size)
        found = connection.execute(_EVENTS, {"since": since, "until": until}).mappings()
        events = tuple(dict(row) for row in found)
    return OutboxBatch(since, until, events) if events else None


def count(engine: Engine, *, since: int, until: int) -> int:
    """Return how many events of these transactions the outbox holds now."""
    with engine.connect() as connection:
        return int(connection.scalar(_COUNT, {"since": since, "until": until}) or 0)


def move_cursor(engine: Engine, *, until: int, n_events: int) -> bool:
    """Say in Postgres how far the lake has come; return False where that was said before."""
    with engine.begin() as connection:
        moved = connection.execute(_MOVE, {"until": until, "n_events": n_events})
        return moved.rowcount > 0


def _cut(connection: Connection, since: int, until: int, size: int) -> int:
    """Return where a part of at most `size` events ends: before a transaction, or after the one."""
    bounds = {"since": since, "until": until}
    beyond = connection.scalar(_CUT, bounds | {"size": size})
    if beyond is None:
        return until
    first = connection.scalar(_FIRST, bounds)
    return int(beyond) + 1 if beyond == first else int(beyond)
