"""Progress of the active retrain, or the outcome of the last one: its tasks, and their log."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import streamlit as st

from airflow_api.answers import Run, Task
from dashboards import ui
from dashboards.console import badges, components, runs, sources
from dashboards.console.retrain_parts import client
from dashboards.console.sources import APPROVAL_TASK, Account, Usual
from dashboards.text import NO_VALUE, duration, esc, plural, with_code

SLOW = 1.5  # ratio to the usual duration from which a run or task counts as slow
SLOW_SECONDS = 10  # by which it has to be longer, too
MIN_EARLIER = 2  # earlier runs from which a duration is called usual
_NO_LOG = "No lines: the attempt was ended from outside, such as by a restart of the machine."
WITH_LOG = {"running", "failed", "up_for_retry", "restarting"}  # states


def shown(newest: Sequence[Run]) -> Run | None:
    """Return the active run that started first, or else the last one. `newest` is newest first."""
    active = next((run for run in reversed(newest) if run.state in runs.ACTIVE), None)
    return active or (newest[0] if newest else None)


def show(account: Account, run: Run | None, ingests: Sequence[Run]) -> None:
    """Show a run and its tasks. `ingests` are the last runs that load files, newest first."""
    if run is None:
        ui.heading("Retrain", badges.Badge("idle", "Never ran").markdown)
        st.caption(_before_the_first(ingests))
        return
    now, tasks = datetime.now(UTC), sources.tasks(account, run)
    comparable = sources.usual(account, run.dag_id, run.search_minutes, run.run_id)
    if comparable.n_runs < MIN_EARLIER:
        comparable = Usual({}, 0)
    badge = badges.STOPPED if run.is_stopped else badges.of_state(run.state)
    ui.heading(f"Retrain of {runs.request_time(run)} UTC", badge.markdown)
    if run.is_stopped:
        st.caption(with_code(run.note))
    text = progress_text(run, tasks, comparable, now)
    share = runs.share_done(tasks, comparable.seconds, now, is_stopped=run.is_stopped)
    st.progress(share, text=text)
    if tasks:
        components.table(
            [row(run, task, comparable.seconds, now) for task in tasks],
            "Tasks of the retrain with their duration and their usual duration",
        )


def show_log(account: Account, run: Run) -> None:
    """Show the last lines of the log of the running task, or of the one that failed.

    A run that was stopped has none: the error in its log is how its task was ended.
    """
    if run.is_stopped:
        return
    task = next((task for task in sources.tasks(account, run) if task.state in WITH_LOG), None)
    if task is None:
        return
    lines = client.log_tail(account, run, task)
    address = sources.airflow_page(run.dag_id, run.run_id, task.task_id)
    st.caption(f"Log of **{esc(task.name)}**, last lines · [whole log in Airflow]({address})")
    st.code("\n".join(lines) or "No lines yet.", language=None, wrap_lines=True)


def show_earlier_attempts(account: Account, run: Run) -> None:
    """Show the end of the log of each attempt after which its task was tried again."""
    for task in sources.tasks(account, run):
        if task.try_number > 1:
            earlier = replace(task, try_number=task.try_number - 1)
            lines = client.ended_log_tail(account, run, earlier)
            title = f"Why attempt {earlier.try_number} of {esc(task.name)} ended"
            with st.expander(title, icon=":material/replay:"):
                st.code("\n".join(lines) or _NO_LOG, language=None, wrap_lines=True)


def _before_the_first(ingests: Sequence[Run]) -> str:
    if any(run.state in runs.ACTIVE for run in ingests):
        return "The first ingest is running. The first retrain starts when it has ended."
    if not any(run.state == "success" for run in ingests):
        return "The first ingest loads your files. The first retrain starts when it has ended."
    return "Start a retrain to create the first lists."


def progress_text(run: Run, tasks: Sequence[Task], comparable: Usual, now: datetime) -> str:
    """Return how far a run is, and how long it takes compared with the usual."""
    if run.state == "queued":
        return "Queued: it starts when the active retrain has ended, or the DAG is unpaused"
    done = sum(map(runs.has_run, tasks))
    skipped = sum(task.state in runs.NOT_RUN for task in tasks)
    seconds = ((run.ended_at or now) - (run.started_at or run.queued_at or now)).total_seconds()
    text = f"{done} of {len(tasks)} tasks done"
    if skipped:
        text += f", {skipped} skipped"
    text += f" · {duration(seconds)}"
    usual_total = sum(comparable.seconds.values())
    if usual_total:
        text += f", usually {duration(usual_total)} ({plural('earlier run', comparable.n_runs)})"
        of_person = sum(runs.elapsed(task, now) for task in tasks if task.task_id == APPROVAL_TASK)
        if run.state in runs.ACTIVE and _is_slow(seconds - of_person, usual_total):
            text += " · slower than usual"
    return text


def _is_slow(seconds: float, usual: float) -> bool:
    return seconds > max(usual * SLOW, usual + SLOW_SECONDS)


def row(run: Run, task: Task, usual: Mapping[str, float], now: datetime) -> dict[str, str]:
    """Return a task's cells, in Markdown. `usual` has the usual durations in seconds."""
    badge, usually = badges.of_state(task.state), usual.get(task.task_id)
    seconds = runs.elapsed(task, now)
    if run.is_stopped and task.state == "failed":
        badge = badges.STOPPED
    is_slow = usually is not None and _is_slow(seconds, usually)
    slow = ":orange[slower] · " if is_slow and badge.status in {"ok", "running"} else ""
    attempt = f" · attempt {task.try_number}" if task.try_number > 1 else ""
    actual_text = f"**{duration(seconds)}**" if seconds else f":gray[{NO_VALUE}]"
    usual_text = NO_VALUE if usually is None else duration(usually)
    label = badge.markdown if badge.status in {"running", "error"} else f":gray[{badge.label}]"
    address = sources.airflow_page(run.dag_id, run.run_id, task.task_id)
    return {
        "Task": f"{badge.icon} [{esc(task.name)}]({address})",
        "Duration / usual": f"{actual_text} / {usual_text}",
        "Status": f"{slow}{label}{attempt}",
    }
