"""Outboxes as `collect` reads them: in batches that are complete and disjoint.

A batch ends at a transaction boundary below the snapshot's `xmin`: it has all rows of its
transactions, and each of these transactions has ended.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, text

from serving.errors import OutboxRestoredError

Row = dict[str, Any]

_END = text("select pg_snapshot_xmin(pg_current_snapshot())::text::bigint")


@dataclass(frozen=True, slots=True)
class Batch:
    """The rows of transactions `since` (included) to `until` (excluded), in their order."""

    since: int
    until: int
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Outbox:
    """A table with a column `xact`, and the one-row table of how far it was collected.

    `order` has the columns that order the rows of a transaction. `cursor` is the name of the
    one-row table, `counter` its column with the number of collected rows. `as_lake` makes a row as
    the lake has it of one as Postgres has it; None: they are the same.
    """

    table: str
    columns: str
    order: str
    cursor: str
    counter: str
    as_lake: Callable[[Row], Row] | None = None

    def read(self, engine: Engine, *, since: int, end: int, size: int) -> Batch | None:
        """Return the next batch of transactions before `end`, or None if no complete one waits.

        A batch has at most `size` rows, unless its only transaction has more.

        Raises:
            OutboxRestoredError: this Postgres has not reached transaction `since`.
        """
        repeatable = engine.execution_options(isolation_level="REPEATABLE READ")
        with repeatable.begin() as connection:
            until = _end(connection)
            if until < since:
                raise OutboxRestoredError(
                    f"Postgres has reached transaction {until}, but the lake has those below "
                    f"{since}: Postgres was restored or replaced, and new events would be skipped. "
                    f"Advance its counter with pg_resetwal --next-transaction-id={since}, then "
                    "collect again"
                )
            until = self._cut(connection, since, min(until, end), size)
            query = f"select {self.columns} {self._between} order by xact, {self.order}"
            rows = connection.execute(text(query), {"since": since, "until": until}).mappings()
            read = [dict(row) for row in rows]
        in_lake = map(self.as_lake, read) if self.as_lake else read
        return Batch(since, until, tuple(in_lake)) if read else None

    def end(self, engine: Engine) -> int:
        """Return the first transaction that has not ended; all earlier ones have ended."""
        with engine.connect() as connection:
            return _end(connection)

    def count(self, engine: Engine, *, since: int, until: int) -> int:
        """Return the number of rows of these transactions that the outbox has now."""
        query = text(f"select count(*) {self._between}")
        with engine.connect() as connection:
            return int(connection.scalar(query, {"since": since, "until": until}) or 0)

    def move_cursor(self, engine: Engine, *, until: int, n_rows: int) -> bool:
        """Copy the lake's progress to Postgres; return False if it was there already."""
        move = text(
            f"insert into {self.cursor} (until, {self.counter}) values (:until, :n)"  # noqa: S608 # our own names
            " on conflict (only_row) do update set until = excluded.until,"
            f" {self.counter} = excluded.{self.counter}, collected_at = now()"
            f" where {self.cursor}.until < excluded.until"
        )
        with engine.begin() as connection:
            return connection.execute(move, {"until": until, "n": n_rows}).rowcount > 0

    @property
    def _between(self) -> str:
        return f"from {self.table} where xact >= :since and xact < :until"

    def _cut(self, connection: Connection, since: int, until: int, size: int) -> int:
        """Return where a batch of at most `size` rows ends, without cutting a transaction."""
        bounds = {"since": since, "until": until}
        query = text(f"select xact {self._between} order by xact offset :size limit 1")
        beyond = connection.scalar(query, bounds | {"size": size})
        if beyond is None:
            return until
        first = connection.scalar(text(f"select min(xact) {self._between}"), bounds)
        return int(beyond) + 1 if beyond == first else int(beyond)


def _end(connection: Connection) -> int:
    return int(connection.scalar(_END) or 0)
