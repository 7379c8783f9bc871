"""An Airflow of the tests' own. Its settings are read at the first import: hence before any."""

import atexit
import json
import os
import shutil
import sys
import tempfile
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

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
    "AIRFLOW__DATABASE__LOAD_DEFAULT_CONNECTIONS": "False",
    "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{HOME}/airflow.db",
    "AIRFLOW_CONN_SPARK": '{"conn_type": "spark", "host": "local[1]"}',
    "AIRFLOW_CONN_SERVING": json.dumps(
        {
            "conn_type": "postgres",
            "host": "127.0.0.1",
            "port": 5433,
            "schema": "recsys",
            "login": "publisher",
            "password": PASSWORD,
        }
    ),
}

# Stands for a job: notes how it was called, says a line and ends as the test wants it.
_STAND_IN = """#!{python}
import json, os, sys

spark = [word for word in sys.argv if word.startswith("/") and "/jobs/" in word]
job = os.path.basename((spark or sys.argv)[-1 if spark else 0]).removesuffix(".py")
with open(os.environ["NOTES"], "a") as notes:
    print(json.dumps({{"job": job, "words": sys.argv[1:], "env": dict(os.environ)}}), file=notes)
print(f"INFO this is {{job}}")
sys.exit(int(os.environ.get(f"{{job.upper()}}_ENDS_WITH", "0")))
"""
Run = Callable[..., dict[str, str]]
JOBS = ("announce", "nominate", "decide", "publish")


@dataclass(frozen=True)
class Call:
    """How one job was called."""

    job: str
    words: list[str]
    env: dict[str, str]


@dataclass(frozen=True)
class Jobs:
    """Stand-ins for every job, and for `spark-submit`."""

    notes: Path

    def calls(self) -> list[Call]:
        return [Call(**json.loads(line)) for line in self.notes.read_text().splitlines()]

    def call(self, job: str) -> Call:
        return next(call for call in self.calls() if call.job == job)


@pytest.fixture
def jobs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Jobs:
    """Stand-ins before everything else on the path."""
    package, programs = tmp_path / "jobs", tmp_path / "bin"
    package.mkdir()
    programs.mkdir()
    (package / "__init__.py").touch()
    text = _STAND_IN.format(python=sys.executable)
    for job in JOBS:
        (package / f"{job}.py").write_text(text)
    (programs / "spark-submit").write_text(text)
    (programs / "spark-submit").chmod(0o755)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    monkeypatch.setenv("NOTES", str(tmp_path / "notes.jsonl"))
    return Jobs(tmp_path / "notes.jsonl")


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


@pytest.fixture
def run(metadata: None) -> Run:  # noqa: ARG001 # it needs the tables
    """Run a DAG in this process; answer with its state (as `run`) and that of each task."""
    from airflow.dag_processing.dagbag import DagBag

    def test(dag_id: str, **form: object) -> dict[str, str]:
        # read anew: Airflow keeps what a form said in the DAG itself
        dag = DagBag(DAGS / f"{dag_id.partition('__')[2]}.py").dags[dag_id]
        finished = dag.test(run_conf=form, logical_date=None)
        tasks = {task.task_id: str(task.state) for task in finished.get_task_instances()}
        return {"run": str(finished.state), **tasks}

    return test
