"""Tables of a lake in S3, where no lock keeps writers apart."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from threading import Barrier
from typing import Any
from uuid import uuid4

import deltalake
import pytest
from deltalake import DeltaTable
from pyarrow import fs

from ops.terminal.lake import store_check
from tests.support.jobs.filled import row
from tests.support.jobs.traces import traces
from tests.support.scale.s3_server import S3Server
from warehouse.append import append
from warehouse.maintenance import erasure, retention
from warehouse.query import Lake
from warehouse.run_keys import RunKey
from warehouse.sql import engine
from warehouse.tables import GOLD_VERDICTS, SILVER_EVENTS

N_WRITERS = 4
KEY = RunKey("d", "1", "vacuum")
VICTIM, OTHER = "victim-0042", "other-0042"


@pytest.fixture
def root(s3_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> str:
    """The root of an empty data set in S3, with the store's variables in the environment."""
    for name, value in s3_server.variables.items():
        monkeypatch.setenv(name, value)
    return f"{s3_server.root}/{uuid4().hex}"


def put(server: S3Server, folder: Path, root: str) -> None:
    """Copy a local lake into the bucket as docs/cluster.md says: without hidden files."""
    variables, base = server.variables, root.removeprefix("s3a://")
    store = fs.S3FileSystem(
        access_key=variables["AWS_ACCESS_KEY_ID"],
        secret_key=variables["AWS_SECRET_ACCESS_KEY"],
        endpoint_override=variables["AWS_ENDPOINT_URL"],
        region=variables["AWS_REGION"],
    )
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        if path.is_file() and not any(part.startswith(".") for part in name.parts):
            with store.open_output_stream(f"{base}/{name.as_posix()}") as stream:
                stream.write(path.read_bytes())


def verdict(number: int) -> dict[str, Any]:
    """Return a row of a table with a check."""
    return dict.fromkeys(GOLD_VERDICTS.names) | {
        "retrain_id": f"d/{number}",
        "verdict": "hold",
        "reason": "",
        "publishes": False,
        "criteria": [],
        "comparisons": [],
        "decided_at": datetime(2026, 1, 5, tzinfo=UTC),
        "run_key": f"d/{number}/decide",
    }


def append_at_once(root: str, runs: list[int]) -> list[bool]:
    """Append one verdict per run, all at the same moment; return which ones were written."""
    barrier = Barrier(len(runs), timeout=60)

    def write(number: int) -> bool:
        barrier.wait()
        key = RunKey("d", str(number), "decide")
        return append(root, GOLD_VERDICTS, [verdict(number)], run_key=key)

    with ThreadPoolExecutor(len(runs)) as executor:
        return list(executor.map(write, runs))


def test_all_first_writers_of_a_new_table_write_their_rows_and_it_has_its_checks(
    root: str,
) -> None:
    assert append_at_once(root, [*range(N_WRITERS)]) == [True] * N_WRITERS

    lake = Lake(root)
    written = sorted(row["retrain_id"] for row in lake.rows(GOLD_VERDICTS))
    assert written == [f"d/{number}" for number in range(N_WRITERS)]
    assert lake.definition(GOLD_VERDICTS).checks == {name for name, _ in GOLD_VERDICTS.checks}


def test_a_run_key_is_written_once_though_several_write_it_at_the_same_moment(root: str) -> None:
    assert sorted(append_at_once(root, [1] * N_WRITERS)) == [*[False] * (N_WRITERS - 1), True]
    assert Lake(root).n_rows(GOLD_VERDICTS) == 1


def test_sql_versions_and_vacuum_work_in_an_object_store(root: str) -> None:
    for number in range(3):
        append_at_once(root, [number])
    first = Lake(root).version(GOLD_VERDICTS) - 2

    rows = engine.query(Lake(root), 'select count(*) as n from "gold.verdicts"').to_pylist()
    assert rows == [{"n": 3}]
    assert Lake(root).n_rows(GOLD_VERDICTS, version=first) == 1
    assert retention.vacuum(root, GOLD_VERDICTS, keep=[first], run_key=KEY) == 0
    retention.require_complete(root, GOLD_VERDICTS, first)


def test_an_erased_user_leaves_no_trace_in_an_object_store(s3_server: S3Server, root: str) -> None:
    rows = [row(SILVER_EVENTS, user, n) for n, user in enumerate([VICTIM, OTHER])]
    append(root, SILVER_EVENTS, rows, run_key=RunKey("d", "1", "refine"))
    files = str(s3_server.folder / root.removeprefix("s3a://"))
    assert traces(files, [VICTIM])

    of_victim = erasure.any_of("user_id", [VICTIM])
    erasure.delete(root, SILVER_EVENTS, of_victim, {"d": 1}, run_key=KEY)
    erasure.purge(root, SILVER_EVENTS, deleted_before=datetime.now(UTC), run_key=KEY)

    assert traces(files, [VICTIM]) == {}
    assert [one["user_id"] for one in Lake(root).rows(SILVER_EVENTS)] == [OTHER]


def test_a_lake_that_was_copied_into_s3_has_its_rows_versions_and_run_keys(
    s3_server: S3Server, root: str, tmp_path: Path
) -> None:
    here = str(tmp_path / "lake")
    for number in range(3):
        append_at_once(here, [number])

    put(s3_server, tmp_path / "lake", root)

    before, after = Lake(here), Lake(root)
    assert after.rows(GOLD_VERDICTS) == before.rows(GOLD_VERDICTS)
    assert after.history(GOLD_VERDICTS, limit=None) == before.history(GOLD_VERDICTS, limit=None)
    assert after.definition(GOLD_VERDICTS) == before.definition(GOLD_VERDICTS)
    assert append_at_once(root, [2]) == [False]
    assert append_at_once(root, [3]) == [True]
    assert (after.n_rows(GOLD_VERDICTS), before.n_rows(GOLD_VERDICTS)) == (4, 3)


def test_the_doctor_finds_that_the_store_decides_between_two_commits(
    s3_server: S3Server, root: str
) -> None:
    assert store_check.problem(f"{root}/.doctor") == ""
    assert list((s3_server.folder / root.removeprefix("s3a://")).rglob("*.json")) == []


def test_the_doctor_finds_a_store_that_accepts_two_commits_with_one_number(
    root: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = deltalake.write_deltalake

    def without_condition(table: DeltaTable, *arguments: Any, **options: Any) -> None:
        table.update_incremental()
        write(table, *arguments, **options)

    monkeypatch.setattr(deltalake, "write_deltalake", without_condition)
    assert "commits would be lost" in store_check.problem(f"{root}/.doctor")


def test_the_doctor_says_that_the_keys_are_wrong(
    root: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "another")
    assert "SignatureDoesNotMatch" in store_check.problem(f"{root}/.doctor")
