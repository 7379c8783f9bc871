"""A real Airflow: API server, scheduler, DAG processor, FAB users, our DAGs.

Stand-ins run in place of the jobs, so that the tests take a minute and need no Spark. All files of
this folder share it.
"""

import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from airflow_api.answers import Run
from airflow_api.client import Airflow
from tests.support.airflow_api.running_airflow import (
    ASKS_QUICKLY,
    HASTY,
    INGEST,
    MANIFEST,
    PASSWORD,
    RETRAIN,
    answers,
    ended,
    environment,
    scheduler_is_healthy,
    start,
    terminated_at_the_end,
)
from tests.support.dags import stand_ins
from tests.support.dags.stand_ins import Jobs
from tests.support.serving.server import create_database
from tests.support.waiting import wait_until


@pytest.fixture(scope="package")
def jobs(tmp_path_factory: pytest.TempPathFactory) -> Jobs:
    return stand_ins.make(tmp_path_factory.mktemp("stand_ins"))


@pytest.fixture(scope="package")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Airflow's folder."""
    return tmp_path_factory.mktemp("airflow")


@pytest.fixture(scope="package")
def url(home: Path, jobs: Jobs, postgres: str) -> Iterator[str]:
    """The URL of an Airflow that has loaded the DAGs of two data sets."""
    (home / "manifests").mkdir()
    (home / "manifests" / "shop.toml").write_text(MANIFEST)
    hasty = re.sub("schedule = .*", f"schedule = {ASKS_QUICKLY}", MANIFEST.replace("Shop", "Hasty"))
    (home / "manifests" / "hasty.toml").write_text(hasty)
    (home / "password").write_text(PASSWORD)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    env = environment(home, port, jobs, create_database(postgres, "airflow"))
    set_up = [sys.executable, "-m", "ops.machine.airflow.setup", str(home / "password"), "spark"]
    subprocess.run(set_up, env=env, check=True, capture_output=True)  # noqa: S603
    base = f"http://127.0.0.1:{port}"
    with terminated_at_the_end() as programs:
        programs += [start("api-server", env=env), start("dag-processor", env=env)]
        wait_until(lambda: answers(f"{base}/api/v2/version"), "answer")
        programs.append(start("scheduler", "--skip-serve-logs", env=env))
        airflow = Airflow(base, login=("admin", PASSWORD))
        wait_until(lambda: {INGEST, RETRAIN, HASTY} <= airflow.dags().keys(), "DAGs")
        wait_until(lambda: scheduler_is_healthy(base), "scheduler")
        yield base


@pytest.fixture(scope="package")
def admin(url: str) -> Airflow:
    return Airflow(url, login=("admin", PASSWORD))


@pytest.fixture(scope="package")
def viewer(url: str, admin: Airflow) -> Airflow:
    body = {
        "username": "vera",
        "first_name": "Vera",
        "last_name": "V",
        "email": "vera@example.org",
        "password": PASSWORD,
        "roles": [{"name": "Viewer"}],
    }
    created = httpx2.post(
        f"{url}/auth/fab/v1/users",
        json=body,
        headers={"Authorization": f"Bearer {admin.token}"},
    )
    assert created.is_success, created.text
    return Airflow(url, login=("vera", PASSWORD))


@pytest.fixture(scope="package")
def first_start(admin: Airflow) -> dict[str, list[Run]]:
    """The runs of a first start: both DAGs are unpaused, and ingest is triggered."""
    admin.unpause(RETRAIN)
    admin.unpause(INGEST)
    ingest = ended(admin, admin.trigger(INGEST))
    wait_until(lambda: bool(admin.runs(RETRAIN)), "retrain")
    ended(admin, admin.runs(RETRAIN)[0])
    return {INGEST: [ingest], RETRAIN: admin.runs(RETRAIN)}
