"""Delete old runs from Airflow's database, and the logs of a data set's tasks. No Spark.

Airflow's own `airflow db clean` deletes the runs of all DAGs; it keeps the newest scheduled run of
each. The job needs `AIRFLOW__DATABASE__SQL_ALCHEMY_CONN` and `AIRFLOW__LOGGING__BASE_LOG_FOLDER`,
which the task passes.

Run: python -m jobs.clean_airflow --dataset movielens_1m
"""

import logging
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from jobs.maintenance.records import Record
from jobs.runtime import entrypoint
from jobs.runtime.errors import AirflowCleaningError
from jobs.runtime.logs import event
from jobs.runtime.retention import RetentionSettings
from warehouse.tables.vocabulary import NOTHING_TO_DO

log = logging.getLogger(__name__)

DATABASE = "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"
LOGS = "AIRFLOW__LOGGING__BASE_LOG_FOLDER"
DAGS = ("ingest", "collect", "retrain", "backtest", "maintain")
ALERT_DAG = "platform__alert"  # of no data set: the job of any one deletes its old logs
TIMEOUT_SECONDS = 1800
LAST_LINES = 5


def run(dataset: str, logs: Path, *, before: datetime) -> int:
    """Delete runs and logs from before this time; return the number of deleted log files.

    Raises:
        AirflowCleaningError: `airflow db clean` failed; the message has its last lines.
    """
    dag_ids = [*(f"{dataset}__{dag}" for dag in DAGS), ALERT_DAG]
    clean_database(before)
    n_files = sum(delete_logs(logs / f"dag_id={dag_id}", before) for dag_id in dag_ids)
    log.info(event("cleaned_airflow", dataset=dataset, log_files=n_files))
    return n_files


def main(argv: Sequence[str] | None = None) -> int:
    """Parse the command line, run."""
    job = entrypoint.job(entrypoint.parser("clean_airflow", __doc__).parse_args(argv))
    if not os.environ.get(DATABASE) or not os.environ.get(LOGS):
        log.info("%s or %s is not set: Airflow is cleaned by its operator", DATABASE, LOGS)
        return NOTHING_TO_DO
    before = datetime.now(UTC) - timedelta(days=RetentionSettings().airflow_days)
    record, begun = Record("clean_airflow"), time.monotonic()
    n_files = run(job.dataset.name, Path(os.environ[LOGS]), before=before)
    record.add("logs", n_files, time.monotonic() - begun)
    record.write(job.root, job.run_key)
    return 0


def clean_database(before: datetime) -> None:
    """Run `airflow db clean`, without archives.

    Raises:
        AirflowCleaningError: it failed; the message has its last lines.
    """
    options = ["--clean-before-timestamp", before.isoformat(), "--skip-archive", "--yes"]
    options += ["--error-on-cleanup-failure"]
    done = subprocess.run(  # noqa: S603 # a list, no shell
        [sys.executable, "-m", "airflow", "db", "clean", *options],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=TIMEOUT_SECONDS,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode:
        last = " | ".join((done.stdout + done.stderr).strip().splitlines()[-LAST_LINES:])
        raise AirflowCleaningError(f"`airflow db clean` failed: {last}. Run it by hand")


def delete_logs(folder: Path, before: datetime) -> int:
    """Delete the files below a folder that were last written before this time.

    Also deletes the folders that are then empty. Returns the number of files.
    """
    n_files = 0
    for path in sorted(folder.rglob("*"), reverse=True):  # children before their folder
        if path.is_dir() and not path.is_symlink():
            if not any(path.iterdir()):
                path.rmdir()
        elif path.lstat().st_mtime < before.timestamp():
            path.unlink()
            n_files += 1
    return n_files


if __name__ == "__main__":
    entrypoint.run(main)
