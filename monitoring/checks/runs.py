"""Checks of Airflow's runs: whether the last run of each DAG succeeded, and is not late."""

from collections.abc import Iterator
from datetime import datetime

from monitoring.durations import age
from monitoring.facts import ACTIVE, STOPPED, DagKind, DagState, Orchestration
from monitoring.levels import NOTHING_TO_DO, Level, Line, Target
from monitoring.limits import Limits

_SUBJECTS: dict[DagKind, str] = {
    "ingest": "Ingest", "collect": "Collect", "retrain": "Retrain", "maintain": "Maintain",
}  # fmt: skip
_ENDS: dict[str | None, tuple[str, str]] = {
    None: ("Not run yet", "The DAG has no run yet"),
    STOPPED: ("Stopped", "An operator stopped the last run"),
}
_IN_AIRFLOW = "Open the run in Airflow, read the last lines of the failed task, then clear it."


def lines(orchestration: Orchestration | None, limits: Limits, now: datetime) -> Iterator[Line]:
    """Yield a line for each DAG of the data set."""
    if orchestration is None:
        detail = "Airflow does not answer, so its runs are not known."
        step = "Run `lantern status`, and start what is down with `lantern up`."
        yield Line("runs", "Runs", "error", "Not known", detail, step)
        return
    for kind, state in orchestration.dags.items():
        yield _line(kind, state, limits, now)


def _line(kind: DagKind, dag: DagState, limits: Limits, now: datetime) -> Line:
    due = limits.due_since(kind, now)
    is_late = due is not None and dag.started_at is not None and dag.started_at < due
    if dag.state == "failed":
        detail = f"The last run failed{_ago(dag.ended_at, now)}."
        return _of(kind, "error", "Failed", detail, _IN_AIRFLOW)
    if dag.state in ACTIVE:
        return _of(kind, "ok", dag.state.capitalize(), _begun(dag, now))
    if dag.is_paused and due is not None:
        detail = "The DAG is paused in Airflow, so it does not run by its schedule."
        return _of(kind, "warning", "Paused", detail, "Unpause the DAG in Airflow.")
    if is_late and dag.started_at is not None:
        detail = f"The last run began {age(dag.started_at, now)} ago. A scheduled run is overdue."
        step = "Look at Airflow's scheduler with `lantern status`."
        return _of(kind, "warning", "Late", detail, step)
    ended = _ago(dag.ended_at, now)
    word, what = _ENDS.get(dag.state, ("Succeeded", "The last run ended"))
    return _of(kind, "ok", word, f"{what}{ended}.")


def _of(kind: DagKind, level: Level, word: str, detail: str, step: str = NOTHING_TO_DO) -> Line:
    link_to: Target | None = None if level == "ok" else kind
    return Line(f"dag_{kind}", _SUBJECTS[kind], level, word, detail, step, link_to)


def _begun(dag: DagState, now: datetime) -> str:
    return f"A run began{_ago(dag.started_at, now)}." if dag.started_at else "A run is queued."


def _ago(at: datetime | None, now: datetime) -> str:
    return f" {age(at, now)} ago" if at else ""
