"""Follow a DAG run at the terminal: each task with its duration, a failed one with its last lines.

The events that users wait for are shown as they are logged: each trial of a search, the verdict,
and the answer of an approval.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from string import Template
from typing import TypeVar

from rich.markup import escape
from rich.status import Status

from airflow_api.answers import Run, Task
from airflow_api.client import ENDED, Airflow, AirflowError, AirflowUnavailableError
from airflow_api.questions import AWAITING
from jobs.runtime import logs
from jobs.runtime.logs import Event
from ops.errors import NotHealthyError, RunFailedError
from ops.steps import console, duration

POLL_SECONDS = 1.0
LOG_SECONDS = 3.0  # between two reads of a running search's log
PATIENCE_SECONDS = 120
LAST_LINES = 15
NOISE = ("::group::", "::endgroup::", "Task failed with exception")  # Airflow's own lines
SIGNS = {
    "success": "[green]✓[/green]",
    "skipped": "[yellow]-[/yellow]",
    "failed": "[red]✗[/red]",
    "upstream_failed": "[red]·[/red]",
}
# The events to show, by task, and how.
SHOWN = {
    "search": {
        "trial": "trial $number ($stage): $result, best $best; $recipe; "
        "$seconds s, $seconds_left s left",
        "challenger": "challenger: $recipe (from the $source)",
    },
    "decide": {"verdict": "$verdict: $reason"},
    "approve": {
        "approved": "approved by $operator",
        "rejected": "rejected by $operator",
        "approval_expired": "rejected: no answer in time",
    },
}

T = TypeVar("T")


def follow(airflow: Airflow, run: Run) -> Run:
    """Show a run's tasks as they end, and return the ended run.

    Raises:
        RunFailedError: a task failed. The message ends with its last lines and the next step.
    """
    shown: set[str] = set()
    last_look = -LOG_SECONDS
    with Status("", console=console) as status:
        if not console.is_terminal:
            status.stop()
        while True:
            now, tasks = patiently(lambda: (airflow.run(run), airflow.tasks(run)))
            if time.monotonic() - last_look >= LOG_SECONDS:
                _show_events(airflow, now, [t for t in tasks if t.state == "running"], shown)
                last_look = time.monotonic()
            _show_tasks(airflow, now, tasks, shown)
            status.update(_progress(tasks))
            if now.state in ENDED:
                break
            time.sleep(POLL_SECONDS)
    if now.state != "success":
        raise RunFailedError(failure(airflow, now))
    return now


def patiently(ask: Callable[[], T]) -> T:
    """Return Airflow's answer, repeating the request while Airflow is unavailable.

    Raises:
        AirflowUnavailableError: Airflow did not answer within PATIENCE_SECONDS.
    """
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return ask()
        except AirflowUnavailableError:
            if time.monotonic() > deadline:
                raise
            time.sleep(POLL_SECONDS)


def start(airflow: Airflow, dag_id: str, conf: Mapping[str, object] | None = None) -> Run:
    """Start one run, even if the answer to the first request timed out."""
    begun = datetime.now(UTC)

    def ask() -> Run:
        started = _queued_since(airflow.runs(dag_id), begun)
        return started[-1] if started else airflow.trigger(dag_id, conf)

    return patiently(ask)


def current(airflow: Airflow, dag_id: str) -> Run | None:
    """Return the oldest run of a DAG that has not ended, or None."""
    waiting = [run for run in patiently(lambda: airflow.runs(dag_id)) if run.state not in ENDED]
    return waiting[-1] if waiting else None


def failure(airflow: Airflow, run: Run) -> str:
    """Return why a run failed: the task, its last lines, the next step."""
    failed = next((task for task in airflow.tasks(run) if task.state == "failed"), None)
    if failed is None:
        return f"{run.dag_id} ended as {run.state}, but no task failed. Open the run in Airflow."
    lines = [line for line in airflow.log(run, failed) if not line.startswith(NOISE)]
    last = "\n".join(f"    {line}" for line in lines[-LAST_LINES:])
    return (
        f"{run.dag_id}: the task {failed.task_id} failed. Its last lines:\n{last}\n"
        f"Users keep their lists. Fix the cause, then clear the task in Airflow "
        f"({airflow.base_url}/dags/{run.dag_id}) or run the same command again."
    )


def started_since(
    airflow: Airflow, dag_id: str, since: datetime, *, timeout: float, still: Callable[[], bool]
) -> Run | None:
    """Return the first run of a DAG queued at or after `since`, or None if there is none in time.

    The wait lasts `timeout` seconds. It ends early when `still` returns False.
    """
    deadline = time.monotonic() + timeout
    while True:
        started = _queued_since(patiently(lambda: airflow.runs(dag_id)), since)
        if started:
            return started[-1]
        if time.monotonic() > deadline or not still():
            return None
        time.sleep(POLL_SECONDS)


def wait_for_dags(airflow: Airflow, dag_ids: set[str], *, timeout: float = 120) -> None:
    """Wait until Airflow lists these DAGs.

    Raises:
        NotHealthyError: Airflow does not list them in time.
    """
    deadline = time.monotonic() + timeout
    while not dag_ids <= airflow.dags().keys():
        if time.monotonic() > deadline:
            raise NotHealthyError(
                f"Airflow does not list {', '.join(sorted(dag_ids - airflow.dags().keys()))}. "
                "`lantern doctor` names broken manifests; `lantern logs airflow-dag-processor` "
                "shows errors in DAG files."
            )
        time.sleep(POLL_SECONDS)


def spark_start_seconds(airflow: Airflow, run: Run) -> float | None:
    """Return how long a run's Spark sessions took to start, or None if its logs do not say."""
    seconds = [
        value
        for task in airflow.tasks(run)
        if task.started_at is not None
        for event in _events(airflow.log(run, task))
        if event.name == "spark_ready" and isinstance(value := event.fields["seconds"], int | float)
    ]
    return sum(seconds) if seconds else None


def _queued_since(runs: Iterable[Run], since: datetime) -> list[Run]:
    return [run for run in runs if run.queued_at and run.queued_at >= since]


def _show_tasks(airflow: Airflow, run: Run, tasks: list[Task], shown: set[str]) -> None:
    for task in tasks:
        if task.state in ENDED and task.task_id not in shown:
            shown.add(task.task_id)
            took = duration(task.seconds) if task.started_at else "not run"
            console.print(f"  {SIGNS.get(task.state, '·')} {task.name} [dim]{took}[/dim]")
            if task.state == "success":
                _show_events(airflow, run, [task], shown)
        elif task.state == AWAITING and AWAITING not in shown:
            shown.add(AWAITING)
            console.print(f"  [yellow]?[/yellow] {task.name}: {airflow.question_page(run, task)}")


def _show_events(airflow: Airflow, run: Run, tasks: list[Task], shown: set[str]) -> None:
    """Print the new events in the tasks' logs that users wait for."""
    for task in tasks:
        templates = SHOWN.get(task.task_id)
        if templates is None:
            continue
        try:
            lines = airflow.log(run, task)
        except AirflowError:
            continue  # there is no log yet
        for event in _events(lines):
            if event.name in templates and str(event) not in shown:
                shown.add(str(event))
                text = Template(templates[event.name]).safe_substitute(event.fields)
                console.print(f"    [dim]{escape(text)}[/dim]", highlight=False)


def _events(lines: Iterable[str]) -> list[Event]:
    return [event for line in lines if (event := logs.parse(line)) is not None]


def _progress(tasks: list[Task]) -> str:
    running = [task.name for task in tasks if task.state == "running"]
    retried = [task.name for task in tasks if task.state == "up_for_retry"]
    is_awaiting = any(task.state == AWAITING for task in tasks)
    retries = f" (will be retried: {', '.join(retried)})" if retried else ""
    idle = "waiting for an operator's answer" if is_awaiting else "waiting for Airflow"
    return f"  {', '.join(running) or idle}{retries}"
