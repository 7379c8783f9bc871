"""Runs of Airflow as the console shows them: how far the retrain is, and how the last ones went."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import streamlit as st

from airflow_api.answers import Question, Run, Task
from airflow_api.client import APPROVE, AWAITING
from dashboards import ui
from dashboards.console import data, evidence, pieces
from dashboards.console.data import Operator
from dashboards.console.evidence import Tone
from dashboards.text import NO_VALUE, duration, esc
from serving.schemas import Verdict

ACTIVE = {"queued", "running"}
ENDED = {"success", "failed", "upstream_failed", "skipped", "removed"}
STARTED_BY = {"manual": "by hand", "scheduled": "by schedule", "asset_triggered": "new rows"}
SLOW = 1.2  # times what a task usually takes
_WATCHED = "watched_run"


def progress(operator: Operator, dag_id: str) -> None:
    """Show the running retrain, or the last one. When it ends, the whole page looks again."""
    found = data.runs(operator, dag_id, 5)
    if not found:
        ui.heading("Retrain", pieces.badge("idle", "Never ran"))
        st.caption("The first retrain makes the first lists. Start it above.")
        return
    run = next((each for each in reversed(found) if each.state in ACTIVE), found[0])
    if st.session_state.get(_WATCHED) == run.run_id and run.state not in ACTIVE:
        del st.session_state[_WATCHED]
        data.usual_seconds.clear()
        data.releases.clear()
        data.verdicts.clear()
        data.tables.clear()
        st.rerun()
    if run.state in ACTIVE:
        st.session_state[_WATCHED] = run.run_id
    usual = data.usual_seconds(operator, dag_id)
    _panel(run, data.tasks(operator, run), usual)


def history(operator: Operator, dag_id: str, verdicts: Sequence[Verdict], n: int) -> None:
    """Show how the last runs of a DAG went. A retrain that ended well says what was decided."""
    found, asked = data.runs(operator, dag_id, n), data.questions(operator, dag_id)
    decided = {each.retrain_id: each.verdict for each in verdicts}
    if not found:
        st.caption("No run yet.")
        return
    pieces.table(
        [
            {
                "Started": f"{_when(run)} :gray[{STARTED_BY.get(run.run_type, '')}]",
                "State": pieces.badge(*_outcome(run, decided, asked.get(run.run_id))),
                "Took": duration(run.seconds) if run.seconds else "",
            }
            for run in found
        ],
        "The last runs with their start, state and duration",
    )


def share_done(tasks: Sequence[Task], usual: dict[str, float], now: datetime) -> float:
    """Return how much of a run is done, 0 to 1, in time where it is known and in tasks where not.

    A task that runs counts as far as it usually is by now, and never as wholly done.
    """
    if not tasks:
        return 0.0
    known = all(task.task_id in usual for task in tasks if task.state != "skipped")
    weights = [max(usual.get(task.task_id, 1.0), 0.1) if known else 1.0 for task in tasks]
    parts = [_part_done(task, usual, now) for task in tasks]
    done = sum(weight * part for weight, part in zip(weights, parts, strict=True))
    return min(done / sum(weights), 1.0)


def elapsed(task: Task, now: datetime) -> float:
    """Return for how many seconds a task ran, or has been running."""
    if task.started_at is None:
        return 0.0
    return max(((task.ended_at or now) - task.started_at).total_seconds(), 0.0)


def _part_done(task: Task, usual: dict[str, float], now: datetime) -> float:
    if task.state in ENDED:
        return 1.0
    if task.state != "running":
        return 0.0
    return min(elapsed(task, now) / max(usual.get(task.task_id, 60.0), 0.1), 0.95)


def _panel(run: Run, tasks: Sequence[Task], usual: dict[str, float]) -> None:
    now = datetime.now(UTC)
    tone, word = pieces.state(run.state)
    ui.heading(f"Retrain of {_when(run)}", pieces.badge(tone, word))
    done = sum(task.state in ENDED for task in tasks)
    took = (run.ended_at or now) - (run.started_at or run.queued_at or now)
    usually = sum(usual.values())
    compared = f" of usually {duration(usually)}" if usually else ""
    late = usually and run.state in ACTIVE and took.total_seconds() > usually * SLOW
    st.progress(
        share_done(tasks, usual, now),
        text=f"{done} of {len(tasks)} tasks done · {duration(took.total_seconds())}{compared}"
        + (" · slower than usual" if late else ""),
    )
    pieces.table(
        [_row(task, usual.get(task.task_id), now) for task in tasks],
        "Tasks of the retrain with how long they took and usually take",
    )
    with st.container(
        horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"
    ):
        live = "Checked every 2 s while it runs" if run.state in ACTIVE else "Checked every 10 s"
        st.caption(live, width="content")
        st.link_button(
            "Open in Airflow",
            data.airflow_page(run.dag_id, run.run_id),
            type="tertiary",
            icon=":material/open_in_new:",
        )


def _row(task: Task, usually: float | None, now: datetime) -> dict[str, str]:
    tone, word = pieces.state(task.state)
    took = elapsed(task, now)
    seconds = f"**{duration(took)}**" if took else f":gray[{NO_VALUE}]"
    slow = usually is not None and took > max(usually * SLOW, usually + 2) and tone in {"ok", "run"}
    tries = f" · try {task.try_number}" if task.try_number > 1 else ""
    words = pieces.badge(tone, word) if tone in {"run", "bad"} else f":gray[{word}]"
    return {
        "Task": f"{pieces.ICONS[tone]} {esc(task.name)}",
        "Took / usually": f"{seconds} / {duration(usually) if usually is not None else NO_VALUE}",
        "Result": (":orange[slower] · " if slow else "") + words + tries,
    }


def _outcome(run: Run, decided: Mapping[str, str], question: Question | None) -> tuple[Tone, str]:
    if question and question.answer not in {None, APPROVE}:
        return "bad", "Refused"
    if question and question.answer is None and run.state in ACTIVE:
        return pieces.state(AWAITING)
    verdict = decided.get(f"{run.dag_id}/{run.run_id}")
    if run.state == "success" and verdict in evidence.WORDS:
        return evidence.WORDS[verdict]
    return pieces.state(run.state)


def _when(run: Run) -> str:
    at = run.started_at or run.queued_at
    return f"{at.astimezone(UTC).day} {at.astimezone(UTC):%b %H:%M}" if at else NO_VALUE
