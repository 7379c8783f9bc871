"""What the log of a table says: its size, its last change, its rows over time. No Spark, no scan.

Spark and delta-rs name the figures of a commit differently, so both names are read.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable

from warehouse.query import Commit, Lake, commit_of
from warehouse.tables import Table

RECENT: Final = 10  # commits among which the last change is looked for
_ADDED: Final = ("numTargetRowsInserted", "numOutputRows", "num_added_rows")
_DELETED: Final = ("numTargetRowsDeleted", "numDeletedRows", "num_deleted_rows")
_CREATED, _WRITTEN = "CREATE TABLE", "WRITE"
_CHANGES: Final = (_WRITTEN, "MERGE", "DELETE")

Entry = Mapping[str, Any]  # a commit as delta-rs returns it


@dataclass(frozen=True, slots=True)
class Inventory:
    """Rows, files and bytes of the newest version, and the newest commit that changed rows.

    `written_at` is the time of the newest commit, UTC. `changed` is None if none of the last
    commits changed a row.
    """

    version: int
    written_at: datetime
    n_rows: int
    n_files: int
    n_bytes: int
    changed: Commit | None


@dataclass(frozen=True, slots=True)
class RowCount:
    """The number of rows of one version. `at` is the time of its commit, UTC."""

    version: int
    at: datetime
    n_rows: int


def inventory(lake: Lake, table: Table) -> Inventory:
    """Return what the log says of the table's newest version. The table must exist."""
    delta = DeltaTable(table.uri(lake.root))
    actions = pa.table(delta.get_add_actions(flatten=True))
    newest, *_ = history = delta.history(RECENT)
    changed = next((x for x in history if x.get("operation") in _CHANGES), None)
    return Inventory(
        delta.version(),
        commit_of(newest).at,
        _total(actions, "num_records"),
        actions.num_rows,
        _total(actions, "size_bytes"),
        None if changed is None else commit_of(changed),
    )


def time_range(lake: Lake, table: Table, column: str) -> tuple[datetime, datetime] | None:
    """Return the smallest and the largest time of a column, to the millisecond.

    None if the table does not exist, or if its log has no statistics of the column.
    """
    if not lake.exists(table):
        return None
    actions = pa.table(DeltaTable(table.uri(lake.root)).get_add_actions(flatten=True))
    low, high = f"min.{column}", f"max.{column}"
    if not {low, high} <= set(actions.column_names):
        return None
    first, last = pc.min(actions[low]).as_py(), pc.max(actions[high]).as_py()
    return (first, last) if first and last else None


def row_counts(lake: Lake, table: Table, *, limit: int = 50) -> list[RowCount]:
    """Return the rows of the last versions, oldest first, as far as their commits tell.

    At most `limit` commits are read. Versions whose commits did not change rows are left out.
    """
    delta = DeltaTable(table.uri(lake.root))
    n_rows = _total(pa.table(delta.get_add_actions(flatten=True)), "num_records")
    return counted(delta.history(limit), n_rows)


def counted(history: Sequence[Entry], n_rows: int) -> list[RowCount]:
    """Return the rows after each commit, oldest first.

    `history` has the newest commit first; `n_rows` is the number of rows after it.
    """
    oldest_first = list(reversed(history))
    counts = _since_overwrites(oldest_first)
    after: int | None = n_rows
    for position, entry in reversed([*enumerate(oldest_first)]):
        n_after = after if counts[position] is None else counts[position]
        counts[position] = n_after
        starts_anew, change = _change(entry)
        is_known = not starts_anew and change is not None and n_after is not None
        after = (n_after or 0) - (change or 0) if is_known else None
    return [
        RowCount(entry["version"], datetime.fromtimestamp(entry["timestamp"] / 1000, UTC), n)
        for entry, n in zip(oldest_first, counts, strict=True)
        if n is not None and entry.get("operation") in (*_CHANGES, _CREATED)
    ]


def _since_overwrites(oldest_first: Sequence[Entry]) -> list[int | None]:
    """Return the rows after each commit, as far as an earlier commit that replaced all says it."""
    counts: list[int | None] = []
    n_rows: int | None = None
    for entry in oldest_first:
        starts_anew, change = _change(entry)
        if starts_anew:
            n_rows = change
        elif n_rows is not None:
            n_rows = None if change is None else n_rows + change
        counts.append(n_rows)
    return counts


def _change(entry: Entry) -> tuple[bool, int | None]:
    """Return whether the commit replaces all rows, and the rows that it adds; None: unknown."""
    operation, metrics = entry.get("operation"), entry.get("operationMetrics") or {}
    if operation == _CREATED:
        return True, 0
    if operation not in _CHANGES:
        return False, 0
    replaces = (
        operation == _WRITTEN
        and (entry.get("operationParameters") or {}).get("mode") == "Overwrite"
    )
    added, deleted = _figure(metrics, _ADDED), _figure(metrics, _DELETED)
    if operation == _WRITTEN:
        return replaces, added
    if operation == "DELETE":
        return False, None if deleted is None else -deleted
    return False, None if added is None or deleted is None else added - deleted


def _figure(metrics: Mapping[str, Any], names: Sequence[str]) -> int | None:
    """Return the first of these figures that the commit has; Spark writes them as texts."""
    return next((int(metrics[name]) for name in names if name in metrics), None)


def _total(actions: pa.Table, column: str) -> int:
    return int(sum(n or 0 for n in actions.column(column).to_pylist()))
