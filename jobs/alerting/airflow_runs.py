"""Runs, tasks and approvals from Airflow's database, read with the address that the task passes.

A job has no account of Airflow's REST API. It reads columns that Airflow's own pages show;
`tests/dags/test_airflow_runs.py` compares them with the tables of the installed version.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Connection,
    DateTime,
    Double,
    Select,
    String,
    column,
    func,
    select,
    table,
)

from monitoring.facts import STOPPED, DagKind, DagState, Orchestration

AWAITING_INPUT, SUCCESS, FAILED = "awaiting_input", "success", "failed"
NOTE_OF_STOPPED = "Stopped by "  # as the API begins the note of a run that an operator stops
_TIME = DateTime(timezone=True)

DAG = table("dag", column("dag_id", String), column("is_paused", Boolean))
DAG_RUN = table(
    "dag_run",
    column("id"),
    column("dag_id", String),
    column("state", String),
    column("run_after", _TIME),
    column("start_date", _TIME),
    column("end_date", _TIME),
)
DAG_RUN_NOTE = table("dag_run_note", column("dag_run_id"), column("content", String))
TASK_INSTANCE = table(
    "task_instance",
    column("id"),
    column("dag_id", String),
    column("task_id", String),
    column("state", String),
    column("end_date", _TIME),
    column("duration", Double),
)
HITL_DETAIL = table(
    "hitl_detail", column("ti_id"), column("created_at", _TIME), column("responded_at", _TIME)
)


@dataclass(frozen=True, slots=True)
class LastSuccess:
    """The last success of a task: when it ended, and its duration in seconds."""

    kind: DagKind
    task_id: str
    ended_at: datetime
    seconds: float


def orchestration(
    connection: Connection, dataset: str, kinds: Collection[DagKind]
) -> Orchestration:
    """Return the newest run of each DAG of a data set, and the approvals that wait."""
    dag_ids = {f"{dataset}__{kind}": kind for kind in kinds}
    newest = {row.dag_id: row for row in connection.execute(_newest_runs(dag_ids))}
    paused = {row.dag_id: row.is_paused for row in connection.execute(_dags(dag_ids))}
    states = {
        kind: _state(newest.get(dag_id), is_paused=bool(paused.get(dag_id)))
        for dag_id, kind in dag_ids.items()
    }
    waiting = connection.scalars(_approvals(f"{dataset}__retrain"))
    return Orchestration(states, tuple(_utc(at) for at in waiting))


def last_successes(
    connection: Connection, dataset: str, kinds: Collection[DagKind]
) -> Iterator[LastSuccess]:
    """Yield the last success of each task of a data set's DAGs."""
    dag_ids: Mapping[str, DagKind] = {f"{dataset}__{kind}": kind for kind in kinds}
    for row in connection.execute(_newest_successes(dag_ids)):
        ended_at, seconds = _utc(row.end_date), float(row.duration or 0)
        yield LastSuccess(dag_ids[row.dag_id], row.task_id, ended_at, seconds)


def _newest_runs(dag_ids: Collection[str]) -> Select[Any]:
    run, note = DAG_RUN.c, DAG_RUN_NOTE.c
    with_notes = DAG_RUN.outerjoin(DAG_RUN_NOTE, note.dag_run_id == run.id)
    columns = (run.dag_id, run.state, run.start_date, run.end_date, note.content)
    rows = select(*columns).select_from(with_notes).where(run.dag_id.in_(dag_ids))
    return _newest(rows, run.run_after, run.dag_id)


def _dags(dag_ids: Collection[str]) -> Select[Any]:
    return select(DAG.c.dag_id, DAG.c.is_paused).where(DAG.c.dag_id.in_(dag_ids))


def _approvals(dag_id: str) -> Select[Any]:
    task, question = TASK_INSTANCE.c, HITL_DETAIL.c
    joined = HITL_DETAIL.join(TASK_INSTANCE, task.id == question.ti_id)
    waits = (question.responded_at.is_(None), task.state == AWAITING_INPUT)
    return select(question.created_at).select_from(joined).where(task.dag_id == dag_id, *waits)


def _newest_successes(dag_ids: Collection[str]) -> Select[Any]:
    task = TASK_INSTANCE.c
    is_success = (task.state == SUCCESS, task.end_date.is_not(None))
    columns = (task.dag_id, task.task_id, task.end_date, task.duration)
    rows = select(*columns).where(task.dag_id.in_(dag_ids), *is_success)
    return _newest(rows, task.end_date, task.dag_id, task.task_id)


def _newest(rows: Select[Any], at: ColumnElement[Any], *of: ColumnElement[Any]) -> Select[Any]:
    """Return the row with the newest time `at` for each value of the columns `of`."""
    number = func.row_number().over(partition_by=of, order_by=at.desc())
    numbered = rows.add_columns(number.label("row_number")).subquery()
    return select(numbered).where(numbered.c.row_number == 1)


def _state(row: Any, *, is_paused: bool) -> DagState:
    if row is None:
        return DagState(is_paused)
    started, ended = (at and _utc(at) for at in (row.start_date, row.end_date))
    is_stopped = row.state == FAILED and (row.content or "").startswith(NOTE_OF_STOPPED)
    return DagState(is_paused, STOPPED if is_stopped else row.state, started, ended)


def _utc(at: datetime) -> datetime:
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
