"""Client of Airflow's REST API: what `recsys` and the console ask and do there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

import httpx2

from ops.errors import OpsError

ENDED = {"success", "failed", "skipped", "upstream_failed", "removed"}


class AirflowError(OpsError):
    """Airflow did not answer, or refused."""


@dataclass(frozen=True)
class Run:
    """One run of a DAG."""

    dag_id: str
    run_id: str
    run_type: str
    state: str
    queued_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None

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


class Airflow:
    """Airflow at a base URL, as one of its users.

    Every method raises AirflowError when Airflow does not answer, or refuses.
    """

    def __init__(
        self, base_url: str, *, token: str | None = None, login: tuple[str, str] | None = None
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self._http = httpx2.Client(base_url=self.base_url, timeout=20)
        given = token or (self._token(*login) if login else None)
        if given:
            self._http.headers["Authorization"] = f"Bearer {given}"

    def dags(self) -> dict[str, bool]:
        """Return the DAGs that Airflow knows, and whether each is paused."""
        found = self._ask("GET", "/dags", params={"limit": 500})["dags"]
        return {each["dag_id"]: each["is_paused"] for each in found}

    def unpause(self, dag_id: str) -> None:
        """Let the DAG run by its schedule and its assets."""
        self._ask("PATCH", f"/dags/{_part(dag_id)}", json={"is_paused": False})

    def trigger(self, dag_id: str, conf: Mapping[str, object] | None = None) -> Run:
        """Start a run. A value that the form refuses is an AirflowError with the reason."""
        body = {"logical_date": None, "conf": dict(conf or {})}
        return _run(self._ask("POST", f"/dags/{_part(dag_id)}/dagRuns", json=body))

    def run(self, run: Run) -> Run:
        """Return the run as it is now."""
        return _run(self._ask("GET", _path(run)))

    def runs(self, dag_id: str, *, limit: int = 10) -> list[Run]:
        """Return the newest runs of a DAG, newest first."""
        params = {"limit": limit, "order_by": "-run_after"}
        found = self._ask("GET", f"/dags/{_part(dag_id)}/dagRuns", params=params)
        return [_run(each) for each in found["dag_runs"]]

    def tasks(self, run: Run) -> list[Task]:
        """Return the tasks of a run in the order of their starts, waiting ones last."""
        found = self._ask("GET", f"{_path(run)}/taskInstances")["task_instances"]
        return sorted(
            map(_task, found), key=lambda task: (task.started_at is None, task.started_at)
        )

    def log(self, run: Run, task: Task) -> list[str]:
        """Return the lines that the last try of a task wrote."""
        path = f"{_path(run)}/taskInstances/{_part(task.task_id)}/logs/{task.try_number}"
        found: Sequence[dict[str, Any]] = self._ask("GET", path, params={"full_content": True})[
            "content"
        ]
        return [str(line["event"]) for line in found if "event" in line]

    def _token(self, username: str, password: str) -> str:
        try:
            answer = self._http.post(
                "/auth/token", json={"username": username, "password": password}
            )
        except httpx2.TransportError as error:
            raise self._unreachable(error) from error
        if answer.status_code != httpx2.codes.CREATED:
            raise AirflowError(f"Airflow does not let {username!r} in: name or password is wrong")
        token: str = answer.json()["access_token"]
        return token

    def _ask(self, method: str, path: str, **options: Any) -> Any:
        try:
            answer = self._http.request(method, f"/api/v2{path}", **options)
        except httpx2.TransportError as error:
            raise self._unreachable(error) from error
        if not answer.is_success:
            raise AirflowError(f"Airflow refused {method} {path}: {_reason(answer)}")
        return answer.json()

    def _unreachable(self, error: Exception) -> AirflowError:
        return AirflowError(f"Airflow at {self.base_url} does not answer ({error}): `recsys up`")


def _part(given: str) -> str:
    return quote(given, safe="")


def _path(run: Run) -> str:
    return f"/dags/{_part(run.dag_id)}/dagRuns/{_part(run.run_id)}"


def _run(given: Mapping[str, Any]) -> Run:
    return Run(
        dag_id=given["dag_id"],
        run_id=given["dag_run_id"],
        run_type=given["run_type"],
        state=given["state"],
        queued_at=_time(given["queued_at"]),
        started_at=_time(given["start_date"]),
        ended_at=_time(given["end_date"]),
    )


def _task(given: Mapping[str, Any]) -> Task:
    return Task(
        task_id=given["task_id"],
        name=given.get("task_display_name") or given["task_id"],
        state=given["state"],
        try_number=given["try_number"],
        started_at=_time(given["start_date"]),
        ended_at=_time(given["end_date"]),
    )


def _time(given: str | None) -> datetime | None:
    return datetime.fromisoformat(given) if given else None


def _seconds(started: datetime | None, ended: datetime | None) -> float:
    return (ended - started).total_seconds() if started and ended else 0.0


def _reason(answer: httpx2.Response) -> str:
    try:
        detail = answer.json()["detail"]
    except (ValueError, KeyError, TypeError):
        return f"status {answer.status_code}"
    return str(detail)
