"""Progress of the active retrain, or the outcome of the last one: its tasks, and their log."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import streamlit as st

from airflow_api.answers import Run, Task
from airflow_api.client import ENDED
from dashboards import ui
from dashboards.console import badges, components, runs, sources
from dashboards.console.retrain_parts import client
from dashboards.console.sources import Account, Usual
from dashboards.text import NO_VALUE, duration, esc, plural

SLOW = 1.2  # ratio to the usual duration from which a run or task counts as slow
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
    comparable = sources.usual(account, run.dag_id, run.search_minutes)
    ui.heading(f"Retrain of {runs.start_time(run)} UTC", badges.of_state(run.state).markdown)
    text = _progress_text(run, tasks, comparable, now)
    st.progress(runs.share_done(tasks, comparable.seconds, now), text=text)
    if tasks:
        components.table(
            [_row(run, task, comparable.seconds, now) for task in tasks],
            "Tasks of the retrain with their duration and their usual duration",
        )


def show_log(account: Account, run: Run) -> None:
    """Show the last lines of the log of the running task, or of the one that failed."""
    task = next((task for task in sources.tasks(account, run) if task.state in WITH_LOG), None)
    if task is None:
        return
    lines = client.log_tail(account, run, task)
    address = sources.airflow_page(run.dag_id, run.run_id, task.task_id)
    st.caption(f"Log of **{esc(task.name)}**, last lines · [whole log in Airflow]({address})")
    st.code("\n".join(lines) or "No lines yet.", language=None, wrap_lines=True)


def _before_the_first(ingests: Sequence[Run]) -> str:
    if any(run.state in runs.ACTIVE for run in ingests):
        return "The first ingest is running. The first retrain starts when it has ended."
    if not any(run.state == "success" for run in ingests):
        return "The first ingest loads your files. The first retrain starts when it has ended."
    return "Start a retrain to create the first lists."


def _progress_text(run: Run, tasks: Sequence[Task], comparable: Usual, now: datetime) -> str:
    if run.state == "queued":
        return "Queued: it starts when the active retrain has ended, or the DAG is unpaused"
    done = sum(task.state in ENDED for task in tasks)
    seconds = ((run.ended_at or now) - (run.started_at or run.queued_at or now)).total_seconds()
    usual_total = sum(comparable.seconds.values())
    text = f"{done} of {len(tasks)} tasks done · {duration(seconds)}"
    if usual_total:
        text += f", usually {duration(usual_total)} ({plural('earlier run', comparable.n_runs)})"
        if run.state in runs.ACTIVE and seconds > usual_total * SLOW:
            text += " · slower than usual"
    return text


def _row(run: Run, task: Task, usual: Mapping[str, float], now: datetime) -> dict[str, str]:
    badge, usually = badges.of_state(task.state), usual.get(task.task_id)
    seconds = runs.elapsed(task, now)
    is_slow = usually is not None and seconds > max(usually * SLOW, usually + 2)
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
