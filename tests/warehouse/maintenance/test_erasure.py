"""Tables that Spark wrote stay readable and writable by Spark after an erasure and a purge."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from deltalake import DeltaTable

from tests.support.jobs.filled import row
from tests.support.jobs.traces import traces
from tests.support.runs import under
from warehouse.append import append
from warehouse.delta import Warehouse
from warehouse.errors import VersionGoneError
from warehouse.maintenance import erasure, retention
from warehouse.query import Lake
from warehouse.run_keys import RunKey
from warehouse.tables import BRONZE_ERASURES
from warehouse.tables import SILVER_EVENTS as TABLE

VICTIM, OTHER = "victim-0042", "other-0042"
KEY = RunKey("product__maintain", "1", "erase")
N_APPENDS = 11  # Spark writes a checkpoint after ten commits


def events(warehouse: Warehouse, run: int, *users: str) -> Any:
    rows = [row(TABLE, u, n) | {"event_id": f"{run}-{n}"} for n, u in enumerate(users)]
    return warehouse.spark.createDataFrame(rows, TABLE.ddl)


def test_spark_reads_and_writes_a_table_after_a_purge(warehouse: Warehouse) -> None:
    for run in range(N_APPENDS):
        users = (VICTIM, OTHER) if run % 5 == 0 else (OTHER,)
        under(warehouse, f"d/{run}/refine").append(TABLE, events(warehouse, run, *users))
    root, lake = warehouse.root, Lake(warehouse.root)
    frozen = lake.version(TABLE)

    erasure.delete(root, TABLE, erasure.any_of("user_id", [VICTIM]), {"d": 3}, run_key=KEY)
    under(warehouse, "d/after/refine").append(TABLE, events(warehouse, 90, OTHER))
    after = lake.version(TABLE)
    n_files = erasure.purge(root, TABLE, deleted_before=datetime.now(UTC), run_key=KEY)

    assert n_files > N_APPENDS
    assert traces(root, [VICTIM]) == {}
    assert warehouse.read(TABLE).where(f"user_id = '{OTHER}'").count() == N_APPENDS + 1
    assert warehouse.read(TABLE, version=after).count() == N_APPENDS + 1
    again = under(warehouse, "d/0/refine")
    assert again.written(TABLE)  # the marks of runs are still there
    again.append(TABLE, events(warehouse, 0, OTHER))
    under(warehouse, "d/more/refine").insert_new(TABLE, events(warehouse, 91, OTHER))
    assert warehouse.read(TABLE).count() == N_APPENDS + 2
    with pytest.raises(VersionGoneError, match="users were erased since, at version"):
        retention.require_complete(root, TABLE, frozen)
    retention.require_complete(root, TABLE, after)


def test_former_values_are_found_in_old_files_and_in_the_log(warehouse: Warehouse) -> None:
    for run, users in enumerate([(VICTIM, "zz"), ("mm",)]):
        rows = [row(TABLE, u, n) | {"event_id": f"{run}-{n}"} for n, u in enumerate(users)]
        frame = warehouse.spark.createDataFrame(rows, TABLE.ddl)
        under(warehouse, f"d/{run}/refine").overwrite(TABLE, frame)

    def found() -> set[str]:
        batches = erasure.former_values(warehouse.root, TABLE, "user_id")
        return {text for batch in batches for text in batch.to_pylist()}

    assert {VICTIM, "zz"} <= found()
    retention.vacuum(warehouse.root, TABLE, keep=(), run_key=KEY, retention_hours=0)
    assert {VICTIM, "zz"} <= found()  # the smallest and the largest value, in the log
    erasure.mark_former(warehouse.root, TABLE, {"d": 0}, run_key=KEY)
    erasure.purge(warehouse.root, TABLE, deleted_before=datetime.now(UTC), run_key=KEY)
    assert not {VICTIM, "zz"} & found()


def append_users(root: str, *users: str) -> None:
    rows = [
        {"user_digest": user, "requested_at": datetime.now(UTC), "run_key": str(KEY)}
        for user in users
    ]
    append(root, BRONZE_ERASURES, rows, run_key=KEY)


def test_a_purge_ends_a_log_of_which_no_old_file_is_left(tmp_path: Path) -> None:
    root = str(tmp_path)
    append_users(root, VICTIM, OTHER)
    delta = DeltaTable(BRONZE_ERASURES.uri(root))
    delta.delete(erasure.any_of("user_digest", [VICTIM]))
    # As a week later: the files were vacuumed, and a checkpoint has no removed files any more.
    delta.alter.set_table_properties({"delta.deletedFileRetentionDuration": "interval 0 seconds"})
    retention.vacuum(root, BRONZE_ERASURES, keep=(), run_key=KEY, retention_hours=0)
    DeltaTable(BRONZE_ERASURES.uri(root)).create_checkpoint()
    erasure.mark_former(root, BRONZE_ERASURES, {"d": 0}, run_key=KEY)

    assert erasure.purge(root, BRONZE_ERASURES, deleted_before=datetime.now(UTC), run_key=KEY)

    assert traces(root, [VICTIM]) == {}
    assert erasure.deletions(root, BRONZE_ERASURES) == []
    assert [row["user_digest"] for row in Lake(root).rows(BRONZE_ERASURES)] == [OTHER]


def test_without_a_lock_a_purge_at_once_removes_files_that_are_not_committed(
    tmp_path: Path,
) -> None:
    root = f"file://{tmp_path}/lake/shop"  # no table of a URL is locked, as in an object store
    folder = tmp_path / "lake" / "shop" / "bronze" / "erasures"
    folder.mkdir(parents=True)
    requested_at = datetime.now(UTC)
    append_users(root, VICTIM, OTHER)
    condition = erasure.any_of("user_digest", [VICTIM])
    erasure.delete(root, BRONZE_ERASURES, condition, {"d": 1}, run_key=KEY)
    uncommitted = folder / "uncommitted.parquet"
    uncommitted.write_bytes(next(folder.glob("*.parquet")).read_bytes())

    assert not erasure.purge(root, BRONZE_ERASURES, deleted_before=requested_at, run_key=KEY)
    assert uncommitted.exists()
    assert erasure.purge(root, BRONZE_ERASURES, deleted_before=datetime.now(UTC), run_key=KEY)

    assert not uncommitted.exists()
    assert [*tmp_path.rglob("*.lock")] == []
    assert [row["user_digest"] for row in Lake(root).rows(BRONZE_ERASURES)] == [OTHER]
