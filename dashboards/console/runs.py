"""Names, progress and duration of Airflow's runs and tasks."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from airflow_api.answers import Run, Task
from airflow_api.client import ENDED
from dashboards.console import sources
from dashboards.text import NO_VALUE, esc

ACTIVE = {"queued", "running"}
NOT_RUN = {"skipped", "upstream_failed", "removed"}  # states of tasks
TRIGGERS = {"scheduled": "Schedule", "asset_triggered": "New data", "manual": "By hand"}
KINDS = {"maintain": "Maintenance", "collect": "Collection"}  # where the DAG's name is a verb
_RUN_KEY = re.compile(r"(?P<dag>\w+__\w+)/(?P<run>[\w.~:+-]+)(/\w+)?")  # `<dag>/<run>[/<task>]`
_TIME = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+([+-]\d\d:\d\d|Z)")


def name(dag_id: str, run_id: str) -> str:
    """Return a short name of a run: "Retrain of 28 Nov 13:26 UTC", or "Retrain" without a time."""
    dag = dag_id.rpartition("__")[2]
    kind, at = KINDS.get(dag, dag.capitalize()), requested_at(run_id)
    return f"{kind} of {short_time(at)} UTC" if at else kind


def time_of(text: str) -> str:
    """Return the time in a run's id as "of 28 Nov 13:26 UTC"; the text itself without a time."""
    at = requested_at(text)
    return f"of {short_time(at)} UTC" if at else text


def link(run_key: str) -> str | None:
    """Return a run's short name as a Markdown link to Airflow, with the full id as its tooltip.

    None if the text is not the key of a run or of one of its tasks.
    """
    parts = _RUN_KEY.fullmatch(run_key)
    if parts is None:
        return None
    address = sources.airflow_page(parts["dag"], parts["run"])
    return f'[{esc(name(parts["dag"], parts["run"]))}]({address} "{run_key}")'


def actor(name: str) -> str:
    """Return who acted, as Markdown: an operator's name, or a run as a link."""
    return link(name) or esc(name)


def requested_at(run_id: str) -> datetime | None:
    """Return the time at which a run was requested, which its id has; None without one."""
    at = _TIME.search(run_id)
    return datetime.fromisoformat(at[0]) if at else None


def request_time(run: Run) -> str:
    """Return the time at which a run was requested: the same while it waits and later."""
    at = requested_at(run.run_id) or run.queued_at or run.started_at
    return short_time(at) if at else NO_VALUE


def trigger(run: Run) -> str:
    """Return what started a run: the schedule, new data, or an account."""
    return TRIGGERS.get(run.run_type, run.run_type)


def short_time(at: datetime) -> str:
    """Return a time in UTC, without the zone: "28 Nov 13:26"."""
    at = at.astimezone(UTC)
    return f"{at.day} {at:%b %H:%M}"


def elapsed(task: Task, now: datetime) -> float:
    """Return a task's duration so far, in seconds."""
    if task.started_at is None:
        return 0.0
    return max(((task.ended_at or now) - task.started_at).total_seconds(), 0.0)


def has_run(task: Task) -> bool:
    """Return whether a task has ended and was not skipped."""
    return task.state in ENDED - NOT_RUN


def share_done(
    tasks: Sequence[Task], usual: Mapping[str, float], now: datetime, *, is_stopped: bool = False
) -> float:
    """Return a run's progress from 0 to 1.

    Tasks are weighted by their usual duration, or equally if one has none. A running task counts
    by its elapsed share of the usual duration, at most 0.95. In a run that was stopped, tasks that
    did not run count 0.
    """
    if is_stopped:
        return sum(has_run(task) for task in tasks) / max(len(tasks), 1)
    if not tasks:
        return 0.0
    is_weighted = all(task.task_id in usual for task in tasks if task.state != "skipped")
    weights = [max(usual.get(task.task_id, 1.0), 0.1) if is_weighted else 1.0 for task in tasks]
    shares = [_task_share(task, usual, now) for task in tasks]
    done = sum(weight * share for weight, share in zip(weights, shares, strict=True))
    return min(done / sum(weights), 1.0)


def _task_share(task: Task, usual: Mapping[str, float], now: datetime) -> float:
    if task.state in ENDED:
        return 1.0
    if task.state != "running":
        return 0.0
    return min(elapsed(task, now) / max(usual.get(task.task_id, 60.0), 0.1), 0.95)
