"""Runs that complete, repeat or correct earlier ones."""

from itertools import product as product_of
from typing import Any

import pytest
from pyarrow.fs import PyFileSystem
from sqlalchemy import Connection, Engine, text

from jobs.erasure import matches
from serving.users import erasures
from tests.support.jobs import filled
from tests.support.jobs.erasing import OTHER, VICTIM, Run, progress, recorded, request
from tests.support.jobs.product import kill
from tests.support.jobs.traces import traces
from tests.support.serving.shop import rows
from warehouse.append import append
from warehouse.maintenance import erasure
from warehouse.query import Lake
from warehouse.run_keys import RunKey
from warehouse.tables import BRONZE_RATINGS, GOLD_ERASED_ROWS, SILVER_EVENTS

STEPS = ("delete", "record", "purge")


@pytest.mark.parametrize("death", [*product_of(STEPS, ("before", "after"))])
def test_the_next_run_completes_one_that_was_killed(
    root: str,
    owner: Engine,
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
    death: tuple[str, str],
) -> None:
    step, moment = death
    filled.fill(root, [VICTIM, OTHER])
    request(owner, VICTIM)
    original, calls = getattr(erasure, step), iter(range(100))

    def dies_in_the_middle(*args: Any, **options: Any) -> Any:
        is_due = next(calls) == 3
        if not is_due or moment == "after":
            result = original(*args, **options)
        return kill() if is_due else result

    with monkeypatch.context() as patch:
        patch.setattr(erasure, step, dies_in_the_middle)
        with pytest.raises(KeyboardInterrupt):
            run()
    run()

    assert traces(root, [VICTIM]) == {}
    assert recorded(root) == {table.full_name: 1 for table in matches.USER_TABLES}
    keys = [(row["user_digest"], row["table_name"]) for row in Lake(root).rows(GOLD_ERASED_ROWS)]
    assert len(keys) == len({*keys})
    assert progress(owner) == [(True, True)]


def test_a_purge_that_is_killed_while_it_deletes_the_log_is_completed(
    root: str,
    owner: Engine,
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    filled.fill(root, [VICTIM, OTHER])
    request(owner, VICTIM)
    calls = iter(range(1000))

    class DiesAtSecondFile(PyFileSystem):  # type: ignore[misc] # pyarrow has no types
        def delete_file(self, path: str) -> None:
            if next(calls) == 1:
                kill()
            super().delete_file(path)

    with monkeypatch.context() as patch:
        patch.setattr(erasure, "PyFileSystem", DiesAtSecondFile)
        with pytest.raises(KeyboardInterrupt):
            run()
    assert OTHER in str(Lake(root).rows(SILVER_EVENTS))
    run()

    assert traces(root, [VICTIM]) == {}


def test_a_file_that_is_sent_again_is_deleted_again(root: str, owner: Engine, run: Run) -> None:
    filled.fill(root, [VICTIM, OTHER])
    request(owner, VICTIM)
    run()
    sent_again = [filled.row(BRONZE_RATINGS, f"  {VICTIM}\t", 9)]
    append(root, BRONZE_RATINGS, sent_again, run_key=RunKey("product__ingest", "3", "land"))

    assert run().n_found == 1

    assert traces(root, [VICTIM]) == {}
    assert progress(owner) == [(True, True)]


def test_the_lake_restores_a_list_that_postgres_has_lost(
    root: str,
    owner: Engine,
    run: Run,
    caplog: pytest.LogCaptureFixture,
) -> None:
    filled.fill(root, [VICTIM, OTHER])
    request(owner, VICTIM)
    run()
    requested = rows(owner, "select digest, requested_at from erasures")
    with owner.begin() as connection:
        connection.execute(text("delete from erasures"))  # an older backup was restored

    run()

    assert rows(owner, "select digest, requested_at from erasures") == requested
    assert "1 erasures were missing in Postgres" in caplog.text


def test_an_erasure_that_is_requested_during_a_run_waits_for_the_next(
    root: str,
    owner: Engine,
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    filled.fill(root, [VICTIM, OTHER])
    request(owner, VICTIM)
    original = erasures.record_progress

    def late(connection: Connection, **options: Any) -> None:
        request(owner, OTHER)
        original(connection, **options)

    with monkeypatch.context() as patch:
        patch.setattr(erasures, "record_progress", late)
        run()

    assert sorted(progress(owner)) == [(False, False), (True, True)]
    run()
    assert traces(root, [OTHER]) == {}
