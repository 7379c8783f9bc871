"""Tables of a lake in S3, where no lock keeps writers apart."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Barrier
from typing import Any
from uuid import uuid4

import pytest

from tests.support.scale.s3_server import S3Server
from warehouse.append import append
from warehouse.maintenance import retention
from warehouse.query import Lake
from warehouse.run_keys import RunKey
from warehouse.sql import engine
from warehouse.tables import GOLD_VERDICTS

N_WRITERS = 4
KEY = RunKey("d", "1", "vacuum")


@pytest.fixture
def root(s3_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> str:
    """The root of an empty data set in S3, with the store's variables in the environment."""
    for name, value in s3_server.variables.items():
        monkeypatch.setenv(name, value)
    return f"{s3_server.root}/{uuid4().hex}"


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
