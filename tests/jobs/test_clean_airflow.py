"""The logs of old tasks are deleted, and those of others are not."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from jobs import clean_airflow
from jobs.runtime.errors import AirflowCleaningError
from warehouse.tables.vocabulary import NOTHING_TO_DO

NOW = datetime.now(UTC)
MONTH_AGO = NOW - timedelta(days=30)


def log_file(logs: Path, dag_id: str, run_id: str, *, at: datetime) -> Path:
    """Write a log as Airflow does."""
    file = logs / f"dag_id={dag_id}" / f"run_id={run_id}" / "task_id=fit" / "attempt=1.log"
    file.parent.mkdir(parents=True)
    file.write_text("done")
    os.utime(file, (at.timestamp(), at.timestamp()))
    return file


def test_old_logs_are_deleted_with_their_folders(tmp_path: Path) -> None:
    old = log_file(tmp_path, "shop__retrain", "old", at=MONTH_AGO - timedelta(days=1))
    new = log_file(tmp_path, "shop__retrain", "new", at=NOW)

    assert clean_airflow.delete_logs(tmp_path / "dag_id=shop__retrain", MONTH_AGO) == 1

    assert new.exists()
    assert not old.parents[1].exists()


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    kept = outside / "file"
    kept.write_text("x")
    os.utime(kept, (0, 0))
    logs = tmp_path / "logs"
    logs.mkdir()
    (logs / "link").symlink_to(outside)

    clean_airflow.delete_logs(logs, MONTH_AGO)

    assert kept.exists()


def test_a_folder_that_does_not_exist_has_no_logs(tmp_path: Path) -> None:
    assert clean_airflow.delete_logs(tmp_path / "none", MONTH_AGO) == 0


def test_without_airflows_address_nothing_is_done(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv(clean_airflow.DATABASE, raising=False)
    monkeypatch.setenv("LAKE_ROOT", str(tmp_path))
    monkeypatch.setenv("LAKE_INBOX", str(tmp_path))

    assert clean_airflow.main(["--dataset", "playground"]) == NOTHING_TO_DO


def test_a_failure_of_airflow_is_reported_with_its_last_lines(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    package = tmp_path / "airflow"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "__main__.py").write_text("import sys; print('no such table'); sys.exit(3)")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    with pytest.raises(AirflowCleaningError, match="no such table"):
        clean_airflow.clean_database(MONTH_AGO)
