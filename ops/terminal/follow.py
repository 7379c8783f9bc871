"""Follow a DAG run at the terminal: each task with its time, a failed one with its last lines.

What people wait for is told while it happens: each trial of a search, the verdict, and that
somebody is asked to approve it.
"""

import re
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TypeVar

from rich.markup import escape
from rich.status import Status

from airflow_api.answers import Run, Task
from airflow_api.client import (
    AWAITING,
    ENDED,
    Airflow,
    AirflowError,
    AirflowUnavailableError,
)
from ops.errors import NotHealthyError, RunFailedError
from ops.steps import console, duration

POLL_SECONDS = 1.0
LOG_SECONDS = 3.0  # between two looks at the log of a search that runs
PATIENCE_SECONDS = 120
LAST_LINES = 15
NOISE = ("::group::", "::endgroup::", "Task failed with exception")  # Airflow's own
SIGNS = {
    "success": "[green]✓[/green]",
    "skipped": "[yellow]-[/yellow]",
    "failed": "[red]✗[/red]",
    "upstream_failed": "[red]·[/red]",
}
WORTH_TELLING = {
    "search": re.compile(r"\b(?:trial \d+ \w+ .*|\S+: \S+ challenges.*|no search: .*)"),
    "decide": re.compile(r"^(?:first|promote|refresh|hold): .*"),
    "approve": re.compile(r"^(?:Approved|Refused).*"),
}
SPARK_READY = re.compile(r"spark_ready seconds=([\d.]+)")

T = TypeVar("T")


def follow(airflow: Airflow, run: Run) -> Run:
    """Show a run's tasks as they end, and return the ended run.

    Raises:
        RunFailedError: a task failed. The message ends with its last lines and the next step.
    """
    told: set[str] = set()
    looked = -LOG_SECONDS
    with Status("", console=console) as status:
        if not console.is_terminal:
            status.stop()
        while True:
            now, tasks = patiently(lambda: (airflow.run(run), airflow.tasks(run)))
            if time.monotonic() - looked >= LOG_SECONDS:
                _tell_lines(airflow, now, [t for t in tasks if t.state == "running"], told)
                looked = time.monotonic()
            _tell(airflow, now, tasks, told)
            status.update(_under_way(tasks))
            if now.state in ENDED:
                break
            time.sleep(POLL_SECONDS)
    if now.state != "success":
        raise RunFailedError(failure(airflow, now))
    return now


def patiently(ask: Callable[[], T]) -> T:
    """Return what Airflow answers, asked again while a busy machine makes it late.

    Raises:
        AirflowUnavailableError: it did not answer for minutes.
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
    """Start a run once, even if the answer to the first request came too late."""
    begun = datetime.now(UTC)

    def ask() -> Run:
        known = [run for run in airflow.runs(dag_id) if run.queued_at and run.queued_at >= begun]
        return known[-1] if known else airflow.trigger(dag_id, conf)

    return patiently(ask)


def current(airflow: Airflow, dag_id: str) -> Run | None:
    """Return the oldest run of a DAG that has not ended, or None."""
    waiting = [run for run in patiently(lambda: airflow.runs(dag_id)) if run.state not in ENDED]
    return waiting[-1] if waiting else None


def failure(airflow: Airflow, run: Run) -> str:
    """Return why a run failed: the task, its last lines, what to do."""
    failed = next((task for task in airflow.tasks(run) if task.state == "failed"), None)
    if failed is None:
        return f"{run.dag_id} ended as {run.state} and no task failed. Open it in Airflow."
    said = [line for line in airflow.log(run, failed) if not line.startswith(NOISE)]
    last = "\n".join(f"    {line}" for line in said[-LAST_LINES:])
    return (
        f"{run.dag_id}: the task {failed.task_id} failed. Its last lines:\n{last}\n"
        f"People keep what they see. Mend the cause, then clear the task in Airflow "
        f"({airflow.base_url}/dags/{run.dag_id}) or run `make demo` again."
    )


def started_since(
    airflow: Airflow, dag_id: str, since: datetime, *, timeout: float, still: Callable[[], bool]
) -> Run | None:
    """Return the run of a DAG that was queued since then, or None if none is after a while.

    Args:
        airflow: where to look.
        dag_id: whose runs.
        since: runs that were queued before are not meant.
        timeout: how long to wait, in seconds.
        still: ends the waiting early when it is false.
    """
    deadline = time.monotonic() + timeout
    while True:
        newest = patiently(lambda: airflow.runs(dag_id))
        found = [run for run in newest if run.queued_at and run.queued_at >= since]
        if found:
            return found[-1]
        if time.monotonic() > deadline or not still():
            return None
        time.sleep(POLL_SECONDS)


def wait_for_dags(airflow: Airflow, dag_ids: set[str], *, timeout: float = 120) -> None:
    """Wait until Airflow has read these DAGs.

    Raises:
        NotHealthyError: it has not in time.
    """
    deadline = time.monotonic() + timeout
    while not dag_ids <= airflow.dags().keys():
        if time.monotonic() > deadline:
            raise NotHealthyError(
                f"Airflow does not know {', '.join(sorted(dag_ids - airflow.dags().keys()))}. "
                "`lantern doctor` names broken manifests, `lantern logs airflow-dag-processor` the "
                "errors of DAG files."
            )
        time.sleep(POLL_SECONDS)


def spark_start_seconds(airflow: Airflow, run: Run) -> float | None:
    """Return how long a run's Spark sessions took to start, or None if its logs do not say."""
    lines = (
        line
        for task in airflow.tasks(run)
        if task.started_at is not None
        for line in airflow.log(run, task)
    )
    found = [float(match[1]) for line in lines if (match := SPARK_READY.search(line))]
    return sum(found) if found else None


def _tell(airflow: Airflow, run: Run, tasks: list[Task], told: set[str]) -> None:
    for task in tasks:
        if task.state in ENDED and task.task_id not in told:
            told.add(task.task_id)
            took = duration(task.seconds) if task.started_at else "not run"
            console.print(f"  {SIGNS.get(task.state, '·')} {task.name} [dim]{took}[/dim]")
            if task.state == "success":
                _tell_lines(airflow, run, [task], told)
        elif task.state == AWAITING and AWAITING not in told:
            told.add(AWAITING)
            console.print(f"  [yellow]?[/yellow] {task.name}: {airflow.question_page(run, task)}")


def _tell_lines(airflow: Airflow, run: Run, tasks: list[Task], told: set[str]) -> None:
    """Tell what the tasks' logs say that people wait for, each line once."""
    for task in tasks:
        pattern = WORTH_TELLING.get(task.task_id)
        if pattern is None:
            continue
        try:
            lines = airflow.log(run, task)
        except AirflowError:
            continue  # there is none yet
        found = [match[0] for line in lines if (match := pattern.search(line))]
        for line in [line for line in found if line not in told]:
            told.add(line)
            console.print(f"    [dim]{escape(line)}[/dim]", highlight=False)


def _under_way(tasks: list[Task]) -> str:
    running = [task.name for task in tasks if task.state == "running"]
    again = [task.name for task in tasks if task.state == "up_for_retry"]
    asked = [task.name for task in tasks if task.state == AWAITING]
    waiting = f" (will try again: {', '.join(again)})" if again else ""
    answer = "waiting for a person's answer" if asked else "waiting for Airflow"
    return f"  {', '.join(running) or answer}{waiting}"
