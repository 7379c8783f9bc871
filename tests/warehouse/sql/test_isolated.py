"""A query in a process of its own: its result, its end, its bounds."""

import os
import subprocess

import psutil
import pytest

from tests.warehouse.sql.test_engine import ENDLESS
from warehouse.errors import QueryRefusedError
from warehouse.query import Lake
from warehouse.sql import isolated, worker
from warehouse.sql.engine import Limits, opened
from warehouse.sql.isolated import Result, started


def result(lake: Lake, text: str, limits: Limits) -> Result:
    with started(lake.root, text, limits) as running:
        while (found := running.result(seconds=0.2)) is None:
            pass
        return found


def test_rows_come_back_and_the_limit_is_reported(lake: Lake) -> None:
    found = result(lake, "select title from silver.items order by 1", Limits(n_rows=3))

    assert found.table["title"].to_pylist()[0] == "=HYPERLINK(A1)"
    assert (found.table.num_rows, found.is_cut) == (3, True)
    assert found.table.schema.metadata is None


def test_a_refusal_comes_back_as_a_sentence(lake: Lake) -> None:
    with pytest.raises(QueryRefusedError, match=r"Did you mean silver\.items"):
        result(lake, "from silver.itms", Limits())


@pytest.mark.parametrize(("n_bytes", "is_cut"), [(200_000, True), (2_000_000, False)])
def test_a_large_result_is_cut_by_its_bytes(lake: Lake, n_bytes: int, *, is_cut: bool) -> None:
    with opened(lake, "select repeat('x', 10) as x from range(100000)") as rows:
        table = worker.bounded(rows, n_bytes)

    assert bool((table.schema.metadata or {}).get(isolated.IS_CUT)) is is_cut
    assert table.nbytes < n_bytes


def test_a_first_row_that_is_too_large_is_refused(lake: Lake) -> None:
    with (
        opened(lake, "select repeat('x', 10000) as x") as rows,
        pytest.raises(QueryRefusedError, match="one row alone"),
    ):
        worker.bounded(rows, 1000)


def test_a_query_that_is_left_is_ended(lake: Lake) -> None:
    with started(lake.root, ENDLESS, Limits()) as running:
        assert running.result(seconds=0.1) is None
        [worker] = [
            child for child in psutil.Process().children() if isolated.WORKER in child.cmdline()
        ]

    assert not worker.is_running()


def test_a_query_that_does_not_end_by_itself_is_given_up(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(isolated, "STARTING_SECONDS", 0.0)

    with pytest.raises(QueryRefusedError, match=r"longer than 0\.1 s and was stopped"):
        result(lake, ENDLESS, Limits(seconds=0.1))


def test_a_process_that_dies_is_an_error_with_advice(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(isolated, "WORKER", "warehouse.sql.nothing")

    with pytest.raises(QueryRefusedError, match="ended its process"):
        result(lake, "select 1", Limits())


def test_the_worker_gets_no_secret_of_the_app(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    passed: list[dict[str, str]] = []

    class Recorded(subprocess.Popen[bytes]):
        def __init__(self, command: list[str], env: dict[str, str], **options: object) -> None:
            passed.append(env)
            super().__init__(command, env=env, **options)  # type: ignore[call-overload]

    monkeypatch.setenv("VISITOR_SECRET", "x" * 32)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "storage")
    monkeypatch.setattr(subprocess, "Popen", Recorded)

    with started(lake.root, "select 1", Limits()):
        pass

    assert "VISITOR_SECRET" in os.environ
    assert "VISITOR_SECRET" not in passed[0]
    assert passed[0]["AWS_ACCESS_KEY_ID"] == "storage"
