"""A real Airflow for tests: its environment, its programs, and waiting for what they do."""

import os
import secrets
import signal
import subprocess
import sys
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx2
from sqlalchemy import make_url

from airflow_api.answers import Run, Task
from airflow_api.client import ENDED, Airflow
from tests.support.dags.stand_ins import Jobs
from tests.support.waiting import wait_until

FAB = "airflow.providers.fab.auth_manager.fab_auth_manager.FabAuthManager"
PASSWORD = secrets.token_urlsafe(16)
INGEST, RETRAIN, HASTY = "shop__ingest", "shop__retrain", "hasty__retrain"
PAUSED = "hasty__ingest"  # no test starts it
# The schedule is on leap days only, so that no test sees a scheduled run.
MANIFEST = """
title = "Shop"
licence = "Invented."
source = {kind = "inbox"}
ratings = {file = "ratings.csv"}
scale = {lowest = 1, highest = 5, step = 1, relevant_from = 4}
schedule = {retrain = "0 3 29 2 *"}
"""
ASKS_QUICKLY = "{ask_for_approval = true, approval_timeout_hours = 0.0003}"


@contextmanager
def terminated_at_the_end() -> Iterator[list[subprocess.Popen[bytes]]]:
    """Yield a list for started processes; their process groups are terminated at the end."""
    started: list[subprocess.Popen[bytes]] = []
    try:
        yield started
    finally:
        for signal_number in (signal.SIGTERM, signal.SIGKILL):
            for process in started:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal_number)
            for process in started:
                with suppress(subprocess.TimeoutExpired):
                    process.wait(3)


def start(*command: str, env: dict[str, str]) -> subprocess.Popen[bytes]:
    """Start a program of Airflow that writes to `<its name>.log` in Airflow's folder."""
    with Path(env["AIRFLOW_HOME"], f"{command[0]}.log").open("w") as out:
        return subprocess.Popen(  # noqa: S603 # our own Airflow
            [sys.executable, "-m", "airflow", *command],
            env=env,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )


def environment(home: Path, port: int, jobs: Jobs, database: str) -> dict[str, str]:
    """Return the variables of an Airflow whose metadata are in the database at this URL."""
    base = f"http://127.0.0.1:{port}"
    clean = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")}
    settings = {
        "CORE__AUTH_MANAGER": FAB,
        "CORE__DAGS_FOLDER": str(Path(__file__).parents[3] / "dags"),
        "CORE__EXECUTION_API_SERVER_URL": f"{base}/execution/",
        "CORE__FERNET_KEY": urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        "CORE__LOAD_EXAMPLES": "False",
        "CORE__PARALLELISM": "2",
        "DATABASE__SQL_ALCHEMY_CONN": database,
        "DATABASE__SQL_ALCHEMY_CONN_ASYNC": with_driver(database, "psycopg"),
        "API__BASE_URL": base,
        "API__HOST": "127.0.0.1",
        "API__PORT": str(port),
        "API__SECRET_KEY": secrets.token_urlsafe(64),
        "API__WORKERS": "1",
        "API_AUTH__JWT_SECRET": secrets.token_urlsafe(64),
        "SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.2",
        "SCHEDULER__TRIGGER_TIMEOUT_CHECK_INTERVAL": "1",
        "DAG_PROCESSOR__PARSING_PROCESSES": "1",
    }
    connections = {
        "AIRFLOW_CONN_SPARK": '{"conn_type": "spark", "host": "local[1]"}',
        "AIRFLOW_CONN_SERVING": "postgres://publisher:hidden@127.0.0.1:1/lantern",
    }
    named = {f"AIRFLOW__{name}": value for name, value in settings.items()}
    manifests = {"AIRFLOW_HOME": str(home), "DATASETS_MANIFESTS": str(home / "manifests")}
    return clean | named | connections | manifests | jobs.environment


def with_driver(url: str, driver: str) -> str:
    """Return the URL of a database with another driver."""
    changed = make_url(url).set(drivername=f"postgresql+{driver}")
    return changed.render_as_string(hide_password=False)


def answers(url: str) -> bool:
    try:
        return httpx2.get(url, timeout=2).is_success
    except httpx2.TransportError:
        return False


def scheduler_is_healthy(url: str) -> bool:
    health = httpx2.get(f"{url}/api/v2/monitor/health", timeout=5).json()
    return bool(health["scheduler"]["status"] == "healthy")


def ended(airflow: Airflow, run: Run) -> Run:
    """Return the run once it has ended."""
    wait_until(lambda: airflow.run(run).state in ENDED, f"end of {run.dag_id}", timeout=180)
    return airflow.run(run)


def states_of(tasks: list[Task]) -> dict[str, str | None]:
    return {task.task_id: task.state for task in tasks}
