"""Runs and tasks as the job `alert` reads them from Airflow's own tables."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Connection, create_engine, select

from airflow_api.answers import NOTE_OF_STOPPED
from jobs.alerting import airflow_runs
from monitoring.facts import STOPPED, DagKind, DagState
from tests.dags.conftest import HOME, Run
from tests.support.dags.stand_ins import Jobs

RETRAIN: tuple[DagKind, ...] = ("retrain",)
TABLES = (
    airflow_runs.DAG, airflow_runs.DAG_RUN, airflow_runs.DAG_RUN_NOTE, airflow_runs.TASK_INSTANCE,
    airflow_runs.HITL_DETAIL,
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
    assert NOTE_OF_STOPPED == airflow_runs.NOTE_OF_STOPPED


def test_the_last_run_and_the_last_success_of_each_task_are_read(run: Run, jobs: Jobs) -> None:
    jobs.end_with(vacuum=2)
    begun = datetime.now(UTC) - timedelta(seconds=1)
    assert run("playground__maintain")["run"] == "failed"
    kinds: tuple[DagKind, ...] = ("ingest", "maintain")

    with connected() as connection:
        known = airflow_runs.orchestration(connection, "playground", kinds)
        tasks = [*airflow_runs.last_successes(connection, "playground", kinds)]
        others = airflow_runs.orchestration(connection, "elsewhere", kinds[:1])

    maintain = known.dags["maintain"]
    assert maintain.state == "failed"
    assert maintain.started_at is not None
    assert maintain.started_at > begun
    assert known.approvals == ()
    of_maintain = {task.task_id: task for task in tasks if task.kind == "maintain"}
    assert of_maintain.keys() == {"erase", "compact", "prune", "clean_airflow"}
    assert of_maintain["erase"].ended_at > begun
    assert all(task.seconds > 0 for task in tasks)
    assert others.dags == {"ingest": DagState()}


@pytest.mark.usefixtures("metadata")
def test_the_newest_of_several_runs_is_read() -> None:
    from airflow.models.dag import DagModel
    from airflow.models.dagbundle import DagBundleModel
    from airflow.models.dagrun import DagRun
    from airflow.utils.session import create_session
    from airflow.utils.state import DagRunState
    from airflow.utils.types import DagRunType

    dag_id, now = "ranked__retrain", datetime.now(UTC)
    with create_session() as session:
        session.merge(DagBundleModel(name="ranked"))
        session.flush()
        model = DagModel(dag_id=dag_id, bundle_name="ranked", fileloc="x", is_paused=True)  # type: ignore[no-untyped-call] # Airflow's
        session.add(model)
        session.flush()
        for hours, state in ((3, DagRunState.FAILED), (1, DagRunState.SUCCESS), (2, None)):
            at = now - timedelta(hours=hours)
            session.add(
                DagRun(
                    dag_id=dag_id,
                    run_id=f"{hours}",
                    run_after=at,
                    start_date=at,
                    run_type=DagRunType.MANUAL,
                    state=state or DagRunState.FAILED,
                )
            )

    with connected() as connection:
        known = airflow_runs.orchestration(connection, "ranked", RETRAIN)

    newest = known.dags["retrain"]
    assert (newest.is_paused, newest.state) == (True, "success")
    assert newest.started_at == now - timedelta(hours=1)

    with create_session() as session:
        last = session.scalars(select(DagRun).where(DagRun.dag_id == dag_id, DagRun.run_id == "1"))
        run = last.one()
        run.state = DagRunState.FAILED
        note = f"{NOTE_OF_STOPPED}maya: wrong recipe"
        run.note = note
    with connected() as connection:
        known = airflow_runs.orchestration(connection, "ranked", RETRAIN)
    assert known.dags["retrain"].state == STOPPED


@contextmanager
def connected() -> Iterator[Connection]:
    engine = create_engine(f"sqlite:///{HOME}/airflow.db")
    with engine.connect() as connection:
        yield connection
    engine.dispose()
