"""An Airflow for the tests. Its settings are set before the first import, which reads them."""

import atexit
import json
import os
import shutil
import tempfile
import warnings
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.dags.stand_ins import Jobs, make

if TYPE_CHECKING:
    from airflow.dag_processing.dagbag import DagBag

DAGS = Path(__file__).parents[2] / "dags"
PASSWORD = "p@ss:w/rd"  # noqa: S105 # invented
HOME = Path(tempfile.mkdtemp(prefix="airflow-of-tests-"))
atexit.register(shutil.rmtree, HOME, ignore_errors=True)

for variable in [name for name in os.environ if name.startswith("AIRFLOW_")]:
    del os.environ[variable]
os.environ |= {
    "AIRFLOW_HOME": str(HOME),
    "AIRFLOW__CORE__DAGS_FOLDER": str(DAGS),
    "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{HOME}/airflow.db",
    "AIRFLOW_CONN_SPARK": '{"conn_type": "spark", "host": "local[1]"}',
    "AIRFLOW_CONN_SERVING": json.dumps(
        {
            "conn_type": "postgres",
            "host": "127.0.0.1",
            "port": 5433,
            "schema": "lantern",
            "login": "publisher",
            "password": PASSWORD,
        }
    ),
}

Run = Callable[..., dict[str, str]]


def stand_in(folder: Path, patch: pytest.MonkeyPatch) -> Jobs:
    """Put stand-ins for every job first on the path."""
    jobs = make(folder)
    for name, value in jobs.environment.items():
        patch.setenv(name, value)
    return jobs


@pytest.fixture
def jobs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Jobs:
    """Stand-ins for every job, for this test."""
    return stand_in(tmp_path, monkeypatch)


@pytest.fixture(scope="session")
def metadata() -> None:
    """Airflow's tables, and the pool."""
    from airflow.models.pool import Pool
    from airflow.utils.db import initdb

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # FAB's alembic.ini
        initdb()
    Pool.create_or_update_pool("spark", 1, "one Spark job at a time", include_deferred=False)


@pytest.fixture(scope="session")
def bag() -> "DagBag":
    """The DAGs of this repository's manifests."""
    from airflow.dag_processing.dagbag import DagBag

    return DagBag(DAGS)


def run_here(
    dag_id: str, *, logical_date: datetime | None = None, **form: object
) -> dict[str, str]:
    """Run a DAG in this process; return its state (as `run`) and that of each task."""
    from airflow.dag_processing.dagbag import DagBag

    # read again: Airflow keeps the values of a form in the DAG
    dag = DagBag(DAGS / f"{dag_id.partition('__')[2]}.py").dags[dag_id]
    finished = dag.test(run_conf=form, logical_date=logical_date)
    tasks = {task.task_id: str(task.state) for task in finished.get_task_instances()}
    return {"run": str(finished.state), **tasks}


@pytest.fixture
def run(metadata: None) -> Run:  # noqa: ARG001 # it needs the tables
    """A function that runs a DAG in this process."""
    return run_here
