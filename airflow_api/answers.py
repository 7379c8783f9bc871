"""Users, DAGs, runs, tasks and questions as Airflow's REST API returns them: frozen values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

APPROVAL_BY_ANOTHER = "approval by another account"  # tag of a DAG; `dags.approval` has it too
NOTE_OF_STOPPED = "Stopped by "  # beginning of the note of a run that an operator stopped


@dataclass(frozen=True)
class User:
    """The user of a token. Operators have the role Op or Admin."""

    name: str
    is_operator: bool


@dataclass(frozen=True)
class Param:
    """A field of the form with which a DAG is started. `schema` is JSON Schema."""

    name: str
    default: Any
    description: str
    schema: Mapping[str, Any] = field(hash=False)


@dataclass(frozen=True)
class Dag:
    """A DAG with the fields of its form, in their order."""

    dag_id: str
    is_paused: bool
    tags: tuple[str, ...]
    params: tuple[Param, ...]

    @property
    def wants_another_approver(self) -> bool:
        """Whether the account that started a run may not approve it."""
        return APPROVAL_BY_ANOTHER in self.tags


@dataclass(frozen=True)
class Run:
    """One run of a DAG.

    `search_minutes` is the search budget from its form, `conf` the values of the form that were
    given. `started_by` is None for a run that a schedule or new data started. `note` is what an
    operator wrote about it.
    """

    dag_id: str
    run_id: str
    run_type: str
    state: str
    queued_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None
    search_minutes: float = 0
    started_by: str | None = None
    conf: Mapping[str, Any] = field(default_factory=dict, hash=False)
    note: str = ""

    @property
    def is_stopped(self) -> bool:
        """Whether an operator stopped it, which Airflow calls failed."""
        return self.state == "failed" and self.note.startswith(NOTE_OF_STOPPED)

    @property
    def seconds(self) -> float:
        """Duration in seconds; 0 until it has ended."""
        return _seconds(self.started_at, self.ended_at)


@dataclass(frozen=True)
class Task:
    """One task of a run. `state` is None until the scheduler has seen it."""

    task_id: str
    name: str
    state: str | None
    try_number: int
    started_at: datetime | None
    ended_at: datetime | None

    @property
    def seconds(self) -> float:
        """Duration in seconds; 0 until it has ended."""
        return _seconds(self.started_at, self.ended_at)


@dataclass(frozen=True)
class Question:
    """A question that a run asks operators.

    `answer` is None while it waits. After its time-out it has the default answer and no
    `answered_by`. `dag_id` and `run_id` are empty if Airflow does not name them.
    """

    task_id: str
    subject: str
    body: str
    asked_at: datetime | None
    answer: str | None
    answered_by: str | None
    answered_at: datetime | None
    dag_id: str = ""
    run_id: str = ""


def dataset_of(dag_id: str) -> str:
    """Return the data set of a DAG: `shop` of `shop__retrain`."""
    return dag_id.rpartition("__")[0]


def dag_of(fields: Mapping[str, Any]) -> Dag:
    """Return the DAG with these fields of Airflow's answer."""
    return Dag(
        dag_id=fields["dag_id"],
        is_paused=fields["is_paused"],
        tags=tuple(tag["name"] for tag in fields.get("tags") or ()),
        params=tuple(
            Param(
                name, param.get("value"), param.get("description") or "", param.get("schema") or {}
            )
            for name, param in (fields.get("params") or {}).items()
        ),
    )


def run_of(fields: Mapping[str, Any]) -> Run:
    """Return the run with these fields of Airflow's answer."""
    conf = fields.get("conf") or {}
    return Run(
        dag_id=fields["dag_id"],
        run_id=fields["dag_run_id"],
        run_type=fields["run_type"],
        state=fields["state"],
        queued_at=_time(fields["queued_at"]),
        started_at=_time(fields["start_date"]),
        ended_at=_time(fields["end_date"]),
        search_minutes=float(conf.get("search_budget_minutes") or 0),
        started_by=fields.get("triggering_user_name"),
        conf=conf,
        note=fields.get("note") or "",
    )


def task_of(fields: Mapping[str, Any]) -> Task:
    """Return the task with these fields of Airflow's answer."""
    return Task(
        task_id=fields["task_id"],
        name=fields.get("task_display_name") or fields["task_id"],
        state=fields["state"],
        try_number=fields["try_number"],
        started_at=_time(fields["start_date"]),
        ended_at=_time(fields["end_date"]),
    )


def question_of(fields: Mapping[str, Any]) -> Question:
    """Return the question with these fields of Airflow's answer."""
    task = fields["task_instance"]
    return Question(
        task_id=task["task_id"],
        subject=fields["subject"],
        body=fields["body"] or "",
        asked_at=_time(fields["created_at"]),
        answer=fields["chosen_options"][0] if fields["chosen_options"] else None,
        answered_by=(fields["responded_by_user"] or {}).get("name"),
        answered_at=_time(fields["responded_at"]),
        dag_id=task.get("dag_id", ""),
        run_id=task.get("dag_run_id", ""),
    )


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _seconds(started: datetime | None, ended: datetime | None) -> float:
    return (ended - started).total_seconds() if started and ended else 0.0
