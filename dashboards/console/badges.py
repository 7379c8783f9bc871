"""Badges: the state of a run, a task or a verdict as an icon, a colour and a label."""

from dataclasses import dataclass
from typing import Literal

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
    """A status and its label, which is escaped."""

    status: Status
    label: str

    @property
    def colour(self) -> Colour:
        """The status as a colour."""
        return _COLOURS[self.status]

    @property
    def markdown(self) -> str:
        """The badge as Markdown."""
        icon = _BADGE_ICONS[self.status]
        return f":{self.colour}-badge[:material/{icon}: {esc(self.label)}]"

    @property
    def icon(self) -> str:
        """The status as a coloured icon, as Markdown."""
        return f":{self.colour}[:material/{_TASK_ICONS[self.status]}:]"


VERDICTS = {
    "first": Badge("ok", "First release"),
    "promote": Badge("ok", "Promoted"),
    "refresh": Badge("ok", "Refreshed"),
    "hold": Badge("warning", "Not published"),
}
NEEDS_APPROVAL = Badge("warning", "Needs approval")
REJECTED = Badge("error", "Rejected")
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


def of_state(state: str | None) -> Badge:
    """Return the badge of a state that Airflow gives a run or a task."""
    return _AIRFLOW_STATES.get(state, Badge("idle", "Waiting"))
