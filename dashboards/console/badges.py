"""Badges: the state of a run, a task or a verdict as an icon, a colour and a label."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from airflow_api.answers import Question, Run
from airflow_api.questions import APPROVE
from dashboards.console import runs
from dashboards.text import esc

Status = Literal["ok", "warning", "error", "running", "idle"]
Colour = Literal["green", "orange", "red", "violet", "gray"]

_COLOURS: dict[Status, Colour] = {
    "ok": "green", "warning": "orange", "error": "red", "running": "violet", "idle": "gray",
}  # fmt: skip
_BADGE_ICONS: dict[Status, str] = {
    "ok": "check", "warning": "warning", "error": "close", "running": "progress_activity",
    "idle": "schedule",
}  # fmt: skip
_TASK_ICONS: dict[Status, str] = _BADGE_ICONS | {"ok": "check_circle", "error": "cancel"}


@dataclass(frozen=True)
class Badge:
    """A status with a label in plain text."""

    status: Status
    label: str

    @property
    def colour(self) -> Colour:
        """The colour of the status."""
        return _COLOURS[self.status]

    @property
    def markdown(self) -> str:
        """The badge in Markdown."""
        icon = _BADGE_ICONS[self.status]
        return f":{self.colour}-badge[:material/{icon}: {esc(self.label)}]"

    @property
    def icon(self) -> str:
        """The coloured icon of the status, in Markdown."""
        return f":{self.colour}[:material/{_TASK_ICONS[self.status]}:]"


VERDICTS = {
    "first": Badge("ok", "First release"),
    "promote": Badge("ok", "Promoted"),
    "refresh": Badge("ok", "Refreshed"),
    "hold": Badge("warning", "Not published"),
}
# while the run of the retrain has not ended
_PENDING = {"first": "First release", "promote": "Promotion", "refresh": "Refresh"}
NEEDS_APPROVAL = Badge("warning", "Needs approval")
REJECTED = Badge("error", "Rejected")
STOPPED = Badge("idle", "Stopped")
_AIRFLOW_STATES: dict[str | None, Badge] = {
    "success": Badge("ok", "Done"),
    "failed": Badge("error", "Failed"),
    "upstream_failed": Badge("error", "Not run"),
    "skipped": Badge("idle", "Skipped"),
    "running": Badge("running", "Running"),
    "restarting": Badge("running", "Restarting"),
    "up_for_retry": Badge("warning", "Will retry"),
    "awaiting_input": NEEDS_APPROVAL,
}


def of_question(question: Question, *, is_active: bool) -> Badge | None:
    """Return the badge of an approval that is pending or was rejected; else None."""
    if question.answer is None:
        return NEEDS_APPROVAL if is_active else None
    return REJECTED if question.answer != APPROVE else None


def of_verdict(verdict: str, question: Question | None = None, *, is_active: bool = False) -> Badge:
    """Return the badge of a verdict: what has happened, or what is to happen.

    With `is_active` the run goes on, so nothing is published yet.
    """
    if question is not None and question.answer not in (None, APPROVE):
        return REJECTED
    if not is_active or verdict not in _PENDING:
        return VERDICTS.get(verdict, Badge("idle", verdict))
    if question is not None and question.answer is None:
        return Badge("warning", f"{_PENDING[verdict]}, waiting for approval")
    return Badge("running", f"{_PENDING[verdict]}, not published yet")


def of_retrain(verdict: str, run: Run | None, question: Question | None = None) -> Badge:
    """Return the badge of a verdict, or that of the retrain's run if the run failed.

    `run` is None if it is not one of the newest runs.
    """
    if run is not None and run.state == "failed":
        return of_run(run, {}, {run.run_id: question} if question else {})
    is_active = run is not None and run.state in runs.ACTIVE
    return of_verdict(verdict, question, is_active=is_active)


def of_run(run: Run, verdict_by_run: Mapping[str, str], questions: Mapping[str, Question]) -> Badge:
    """Return the badge of a run. The outcome of a successful retrain is its verdict.

    Verdicts are by `<dag id>/<run id>`; `questions`, the approvals of the DAG, by run id.
    """
    if run.is_stopped:
        return STOPPED
    question = questions.get(run.run_id)
    if question and (badge := of_question(question, is_active=run.state in runs.ACTIVE)):
        return badge
    verdict = verdict_by_run.get(f"{run.dag_id}/{run.run_id}")
    if run.state == "success" and verdict is not None:
        return of_verdict(verdict)
    return of_state(run.state)


def of_state(state: str | None) -> Badge:
    """Return the badge of a run's or task's state in Airflow."""
    return _AIRFLOW_STATES.get(state, Badge("idle", "Waiting"))
