"""Progress of the running retrain, or the outcome of the last one."""

from collections.abc import Sequence
from datetime import UTC, datetime

import streamlit as st

from airflow_api.answers import Run, Task
from airflow_api.client import ENDED
from dashboards import ui
from dashboards.console import badges, components, data, runs
from dashboards.console.data import Operator, Usual
from dashboards.text import NO_VALUE, duration, esc, plural

SLOW = 1.2  # ratio to the usual duration from which a run or task counts as slow
_WATCHED = "watched_run"


def show(operator: Operator, dag_id: str, ingest_id: str) -> None:
    """Show the active run, or else the last one. When the active run ends, rerun the page."""
    newest = data.runs(operator, dag_id, 5)
    if not newest:
        ui.heading("Retrain", badges.Badge("idle", "Never ran").markdown)
        st.caption(_before_the_first(data.runs(operator, ingest_id, 1)))
        return
    run = next((run for run in reversed(newest) if run.state in runs.ACTIVE), newest[0])
    if st.session_state.get(_WATCHED) == run.run_id and run.state not in runs.ACTIVE:
        del st.session_state[_WATCHED]
        data.refresh_after_run()
        st.rerun()
    if run.state in runs.ACTIVE:
        st.session_state[_WATCHED] = run.run_id
    usual = data.usual(operator, dag_id, run.search_minutes)
    _panel(run, data.tasks(operator, run), usual)


def _before_the_first(ingests: Sequence[Run]) -> str:
    if any(run.state in runs.ACTIVE for run in ingests):
        return "The first ingest is running. The first retrain starts when it has ended."
    if not any(run.state == "success" for run in ingests):
        return "The first ingest loads your files. The first retrain starts when it has ended."
    return "The first retrain creates the first lists. Start it above."


def _panel(run: Run, tasks: Sequence[Task], comparable: Usual) -> None:
    now, usual = datetime.now(UTC), comparable.seconds
    ui.heading(f"Retrain of {runs.start_time(run)} UTC", badges.of_state(run.state).markdown)
    text = _progress_text(run, tasks, comparable, now)
    st.progress(runs.share_done(tasks, usual, now), text=text)
    components.table(
        [_row(task, usual.get(task.task_id), now) for task in tasks],
        "Tasks of the retrain with their duration and their usual duration",
    )
    with components.row(horizontal_alignment="distribute"):
        seconds = 2 if run.state in runs.ACTIVE else 10
        st.caption(f"Updates every {seconds} s", width="content")
        address = data.airflow_page(run.dag_id, run.run_id)
        icon = ":material/open_in_new:"
        st.link_button("Open in Airflow", address, type="tertiary", icon=icon)


def _progress_text(run: Run, tasks: Sequence[Task], comparable: Usual, now: datetime) -> str:
    done = sum(task.state in ENDED for task in tasks)
    seconds = ((run.ended_at or now) - (run.started_at or run.queued_at or now)).total_seconds()
    usual_total = sum(comparable.seconds.values())
    text = f"{done} of {len(tasks)} tasks done · {duration(seconds)}"
    if usual_total:
        text += f", usually {duration(usual_total)} ({plural('earlier run', comparable.n_runs)})"
        if run.state in runs.ACTIVE and seconds > usual_total * SLOW:
            text += " · slower than usual"
    return text


def _row(task: Task, usual: float | None, now: datetime) -> dict[str, str]:
    badge = badges.of_state(task.state)
    seconds = runs.elapsed(task, now)
    is_slow = usual is not None and seconds > max(usual * SLOW, usual + 2)
    slow = ":orange[slower] · " if is_slow and badge.status in {"ok", "running"} else ""
    attempt = f" · attempt {task.try_number}" if task.try_number > 1 else ""
    actual_text = f"**{duration(seconds)}**" if seconds else f":gray[{NO_VALUE}]"
    usual_text = NO_VALUE if usual is None else duration(usual)
    label = badge.markdown if badge.status in {"running", "error"} else f":gray[{badge.label}]"
    return {
        "Task": f"{badge.icon} {esc(task.name)}",
        "Duration / usual": f"{actual_text} / {usual_text}",
        "Status": f"{slow}{label}{attempt}",
    }
