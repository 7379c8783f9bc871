"""Runs and tasks as the job `alert` reads them from Airflow's own tables."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import create_engine

from jobs.alerting import airflow_runs
from monitoring.facts import DagKind, DagState
from tests.dags.conftest import HOME, Run
from tests.support.dags.stand_ins import Jobs

TABLES = (
    airflow_runs.DAG, airflow_runs.DAG_RUN, airflow_runs.TASK_INSTANCE, airflow_runs.HITL_DETAIL,
)  # fmt: skip


@pytest.mark.usefixtures("metadata")
def test_airflow_has_the_columns_that_the_job_reads() -> None:
    from airflow.models.base import Base
    from airflow.models.hitl import HITLDetail
    from airflow.utils.state import TaskInstanceState

    assert HITLDetail.__tablename__ == airflow_runs.HITL_DETAIL.name
    for table in TABLES:
        theirs = Base.metadata.tables[table.name].columns
        assert {*table.c.keys()} <= {*theirs.keys()}, table.name
    assert TaskInstanceState.AWAITING_INPUT == airflow_runs.AWAITING_INPUT
    assert TaskInstanceState.SUCCESS == airflow_runs.SUCCESS


def test_the_newest_run_and_the_last_success_of_each_task_are_read(run: Run, jobs: Jobs) -> None:
    run("playground__ingest")
    run("playground__maintain")
    jobs.end_with(vacuum=2)
    begun = datetime.now(UTC) - timedelta(seconds=1)
    assert run("playground__maintain")["run"] == "failed"
    engine = create_engine(f"sqlite:///{HOME}/airflow.db")
    kinds: tuple[DagKind, ...] = ("ingest", "collect", "maintain")

    with engine.connect() as connection:
        known = airflow_runs.orchestration(connection, "playground", kinds)
        tasks = [*airflow_runs.last_successes(connection, "playground", kinds)]
        others = airflow_runs.orchestration(connection, "elsewhere", kinds[:1])
    engine.dispose()

    assert known.dags["ingest"].state == "success"
    maintain = known.dags["maintain"]
    assert maintain.state == "failed"
    assert maintain.started_at is not None
    assert maintain.started_at > begun
    assert known.approvals == ()
    ended = {(task.kind, task.task_id): task.ended_at for task in tasks}
    assert ended["ingest", "refine"] < begun
    assert ended["maintain", "vacuum"] < begun < ended["maintain", "erase"]
    assert all(task.seconds > 0 for task in tasks)
    assert others.dags == {"ingest": DagState()}
