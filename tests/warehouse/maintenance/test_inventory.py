"""What the log of a table says of it."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from deltalake import DeltaTable

from warehouse.append import append
from warehouse.maintenance.inventory import counted, inventory, row_counts, time_range
from warehouse.query import Lake
from warehouse.run_keys import RunKey
from warehouse.tables import GOLD_PURGES, SILVER_USER_INDEX

AT = int(datetime(2026, 1, 5, tzinfo=UTC).timestamp() * 1000)


def spark(version: int, operation: str, mode: str = "", **metrics: int) -> dict[str, Any]:
    """Return a commit as Spark writes it: figures are texts."""
    figures = {name: str(n) for name, n in metrics.items()}
    about = {"version": version, "timestamp": AT, "operation": operation}
    return about | {"operationParameters": {"mode": mode}, "operationMetrics": figures}


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """A table with two users, then a third, then without the first two."""
    for number, users in enumerate((("a", "b"), ("c",))):
        rows = [{"user_id": user, "user_index": n} for n, user in enumerate(users)]
        append(str(tmp_path), SILVER_USER_INDEX, rows, run_key=RunKey("d", str(number), "refine"))
    DeltaTable(SILVER_USER_INDEX.uri(str(tmp_path))).delete("user_id < 'c'")
    return Lake(str(tmp_path))


def test_size_and_last_change_are_those_of_the_newest_version(lake: Lake) -> None:
    stored = inventory(lake, SILVER_USER_INDEX)

    assert (stored.version, stored.n_rows, stored.n_files) == (3, 1, 1)
    assert stored.n_bytes > 0
    assert stored.changed is not None
    assert (stored.changed.version, stored.changed.operation) == (3, "DELETE")


def test_commits_that_change_no_row_are_not_the_last_change(lake: Lake) -> None:
    delta = DeltaTable(SILVER_USER_INDEX.uri(lake.root))
    delta.vacuum(0, dry_run=False, enforce_retention_duration=False)
    stored = inventory(lake, SILVER_USER_INDEX)

    assert stored.version > 3
    assert stored.changed is not None
    assert stored.changed.version == 3
    assert [count.version for count in row_counts(lake, SILVER_USER_INDEX)] == [0, 1, 2, 3]


def test_rows_are_counted_over_time(lake: Lake) -> None:
    assert [count.n_rows for count in row_counts(lake, SILVER_USER_INDEX)] == [0, 2, 3, 1]
    newest = row_counts(lake, SILVER_USER_INDEX, limit=2)
    assert [(count.version, count.n_rows) for count in newest] == [(2, 3), (3, 1)]


def test_commits_of_spark_are_counted_from_both_ends() -> None:
    history = [
        spark(6, "MERGE", numTargetRowsInserted=5, numTargetRowsDeleted=2, numOutputRows=99),
        spark(5, "DELETE", numDeletedRows=3),
        spark(4, "WRITE", "Overwrite", numOutputRows=20),
        spark(3, "WRITE", "Append", numOutputRows=7),
        spark(2, "SET TBLPROPERTIES"),
        spark(1, "WRITE", "Overwrite", numOutputRows=10),
    ]

    counts = counted(history, 20)

    assert [(count.version, count.n_rows) for count in counts] == [
        (1, 10), (3, 17), (4, 20), (5, 17), (6, 20),
    ]  # fmt: skip


def test_versions_before_a_commit_without_figures_are_left_out() -> None:
    history = [
        spark(3, "WRITE", "Append", numOutputRows=1),
        spark(2, "MERGE"),
        spark(1, "WRITE", "Append", numOutputRows=1),
    ]

    assert [(count.version, count.n_rows) for count in counted(history, 9)] == [(2, 8), (3, 9)]


def test_the_range_of_times_is_that_of_all_files(tmp_path: Path) -> None:
    root, times = str(tmp_path), [datetime(2026, 1, day, 6, 30, tzinfo=UTC) for day in (7, 3, 9)]
    for number, at in enumerate(times):
        row = {"table_name": "a", "oldest_version": number, "n_files": 1, "n_log_files": 1}
        row |= {"purged_at": at, "run_key": "d/r/t"}
        append(root, GOLD_PURGES, [row], run_key=RunKey("d", str(number), "erase"))

    lake = Lake(root)
    assert time_range(lake, GOLD_PURGES, "purged_at") == (min(times), max(times))
    assert time_range(lake, GOLD_PURGES, "no_column") is None
    assert time_range(lake, SILVER_USER_INDEX, "any") is None
