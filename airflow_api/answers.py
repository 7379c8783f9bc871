"""What Airflow answers about people, runs, tasks and questions: frozen values."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class Person:
    """Who is signed in. An operator (role Op or Admin) may change what everybody sees."""

    name: str
    is_operator: bool


@dataclass(frozen=True)
class Run:
    """One run of a DAG. `search_minutes` is the budget that its form gave a search."""

    dag_id: str
    run_id: str
    run_type: str
    state: str
    queued_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None
    search_minutes: float = 0

    @property
    def seconds(self) -> float:
        """How long it took; 0 while it runs."""
        return _seconds(self.started_at, self.ended_at)


@dataclass(frozen=True)
class Task:
    """One task of a run. `state` is None before the scheduler looked at it."""

    task_id: str
    name: str
    state: str | None
    try_number: int
    started_at: datetime | None
    ended_at: datetime | None

    @property
    def seconds(self) -> float:
        """How long it took; 0 while it runs."""
        return _seconds(self.started_at, self.ended_at)


@dataclass(frozen=True)
class Question:
    """What a run asks a person. `answer` is None while it waits; by nobody: it waited too long."""

    task_id: str
    subject: str
    body: str
    asked_at: datetime | None
    answer: str | None
    answered_by: str | None
    answered_at: datetime | None


def run_of(given: Mapping[str, Any]) -> Run:
    """Return a run as Airflow tells it."""
    return Run(
        dag_id=given["dag_id"],
        run_id=given["dag_run_id"],
        run_type=given["run_type"],
        state=given["state"],
        queued_at=_time(given["queued_at"]),
        started_at=_time(given["start_date"]),
        ended_at=_time(given["end_date"]),
        search_minutes=float((given.get("conf") or {}).get("search_budget_minutes") or 0),
    )


def task_of(given: Mapping[str, Any]) -> Task:
    """Return a task of a run as Airflow tells it."""
    return Task(
        task_id=given["task_id"],
        name=given.get("task_display_name") or given["task_id"],
        state=given["state"],
        try_number=given["try_number"],
        started_at=_time(given["start_date"]),
        ended_at=_time(given["end_date"]),
    )


def question_of(given: Mapping[str, Any]) -> Question:
    """Return a question as Airflow tells it."""
    return Question(
        task_id=given["task_instance"]["task_id"],
        subject=given["subject"],
        body=given["body"] or "",
        asked_at=_time(given["created_at"]),
        answer=given["chosen_options"][0] if given["chosen_options"] else None,
        answered_by=(given["responded_by_user"] or {}).get("name"),
        answered_at=_time(given["responded_at"]),
    )


def _time(given: str | None) -> datetime | None:
    return datetime.fromisoformat(given) if given else None


def _seconds(started: datetime | None, ended: datetime | None) -> float:
    return (ended - started).total_seconds() if started and ended else 0.0
