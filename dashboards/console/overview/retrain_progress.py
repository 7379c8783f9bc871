"""Progress of the running retrain, or the outcome of the last one."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import streamlit as st

from airflow_api.answers import Run, Task
from airflow_api.client import ENDED
from dashboards import ui
from dashboards.console import badges, components, data, runs
from dashboards.console.data import Operator
from dashboards.text import NO_VALUE, duration, esc

SLOW = 1.2  # ratio to the usual duration from which a run or task counts as slow
_WATCHED = "watched_run"


def show(operator: Operator, dag_id: str) -> None:
    """Show the active run, or else the last one. When the active run ends, rerun the page."""
    newest = data.runs(operator, dag_id, 5)
    if not newest:
        ui.heading("Retrain", badges.Badge("idle", "Never ran").markdown)
        st.caption("The first retrain creates the first lists. Start it above.")
        return
    run = next((run for run in reversed(newest) if run.state in runs.ACTIVE), newest[0])
    if st.session_state.get(_WATCHED) == run.run_id and run.state not in runs.ACTIVE:
        del st.session_state[_WATCHED]
        data.refresh_after_run()
        st.rerun()
    if run.state in runs.ACTIVE:
        st.session_state[_WATCHED] = run.run_id
    _panel(run, data.tasks(operator, run), data.usual_seconds(operator, dag_id))


def _panel(run: Run, tasks: Sequence[Task], usual: Mapping[str, float]) -> None:
    now = datetime.now(UTC)
    ui.heading(f"Retrain of {runs.start_time(run)} UTC", badges.of_state(run.state).markdown)
    st.progress(runs.share_done(tasks, usual, now), text=_progress_text(run, tasks, usual, now))
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


def _progress_text(
    run: Run, tasks: Sequence[Task], usual: Mapping[str, float], now: datetime
) -> str:
    done = sum(task.state in ENDED for task in tasks)
    seconds = ((run.ended_at or now) - (run.started_at or run.queued_at or now)).total_seconds()
    usual_total = sum(usual.values())
    text = f"{done} of {len(tasks)} tasks done · {duration(seconds)}"
    if usual_total:
        text += f", usually {duration(usual_total)}"
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
