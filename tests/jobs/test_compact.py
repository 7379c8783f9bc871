"""The job `compact`, and the record of what `maintain` did."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from jobs import clean_airflow, compact, prune, vacuum
from serving.storage import database
from tests.support.jobs.product import install, product
from warehouse.append import append
from warehouse.query import Lake
from warehouse.run_keys import RunKey
from warehouse.tables import GOLD_MAINTENANCE, SILVER_USER_INDEX

N_FILES = 4


@pytest.fixture
def root(tmp_path: Path) -> str:
    root = str(tmp_path / "lake")
    for number in range(N_FILES):
        row = {"user_id": f"u{number}", "user_index": number}
        append(root, SILVER_USER_INDEX, [row], run_key=RunKey("d", str(number), "t"))
    return root


def key(task: str, run: str = "1") -> RunKey:
    return RunKey("product__maintain", run, task)


def recorded(root: str, step: str) -> list[tuple[object, ...]]:
    columns = ("subject", "n_done", "files_before", "files_after")
    rows = Lake(root).rows(GOLD_MAINTENANCE, equals={"step": step})
    assert all(row["seconds"] >= 0 for row in rows)
    return sorted((tuple(row[name] for name in columns) for row in rows), key=str)


def test_a_compaction_is_recorded_with_figures_before_and_after(root: str) -> None:
    assert compact.run(root, run_key=key("compact"), min_files=N_FILES) == N_FILES

    assert recorded(root, "compact") == [
        ("all", N_FILES, N_FILES, 1), ("silver.user_index", N_FILES, N_FILES, 1),
    ]  # fmt: skip
    assert compact.run(root, run_key=key("compact", "2"), min_files=N_FILES) == 0
    assert len(recorded(root, "compact")) == 3


def test_a_run_that_is_repeated_is_recorded_once(root: str) -> None:
    for _ in range(2):
        compact.run(root, run_key=key("compact"), min_files=N_FILES)

    assert len(recorded(root, "compact")) == 2


def test_a_vacuum_is_recorded_with_figures_before_and_after(root: str, publisher: Engine) -> None:
    compact.run(root, run_key=key("compact"), min_files=N_FILES)

    n_files = vacuum.run(root, publisher, run_key=key("vacuum"), retention_hours=0)

    assert n_files == N_FILES
    rows = recorded(root, "vacuum")
    assert ("silver.user_index", N_FILES, N_FILES + 1, 1) in rows
    [total] = [row for row in rows if row[0] == "all"]
    assert total[1] == N_FILES


def test_the_other_steps_are_recorded_without_files(
    root: str, publisher: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(monkeypatch, product(), str(tmp_path / "lakes"))
    monkeypatch.setattr(database, "engine", lambda _: publisher)
    monkeypatch.setattr(clean_airflow, "clean_database", lambda _: None)
    monkeypatch.setenv(clean_airflow.DATABASE, "x")
    monkeypatch.setenv(clean_airflow.LOGS, str(tmp_path))
    old = tmp_path / "dag_id=product__retrain" / "log"
    old.parent.mkdir()
    old.touch()
    long_ago = (datetime.now(UTC) - timedelta(days=99)).timestamp()
    import os

    os.utime(old, (long_ago, long_ago))

    for job in (prune, clean_airflow):
        job.main(["--dataset", "product", "--run-key", f"product__maintain/1/{job.__name__[5:]}"])

    root = str(tmp_path / "lakes")
    assert recorded(root, "prune") == [("all", 0, None, None)]
    assert recorded(root, "clean_airflow") == [
        ("all", 1, None, None), ("logs", 1, None, None),
    ]  # fmt: skip
