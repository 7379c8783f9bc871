"""Client of Airflow's REST API: what `lantern` and the console ask and do there.

AirflowError
  x AirflowUnavailableError  nobody answers at the address, or not in time
  x SignInRefusedError       name or password is wrong, or the sign-in is over
  x NotAllowedError          this person may not do that
"""

import time
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

import httpx2

from airflow_api.answers import Person, Question, Run, Task, question_of, run_of, task_of
from ops.errors import NotHealthyError, OpsError

BAD_TOKEN = "Invalid JWT token"  # noqa: S105 # answered with 403, as a missing right is
AWAITING = "awaiting_input"  # parked until a person answers
APPROVE, REJECT = "Approve", "Reject"
ENDED = {"success", "failed", "skipped", "upstream_failed", "removed"}


class AirflowError(OpsError):
    """Airflow did not answer, or refused."""


class AirflowUnavailableError(AirflowError):
    """Nobody answers at the address, or not in time: is the platform up?"""


class SignInRefusedError(AirflowError):
    """Name or password is wrong, or the sign-in is over: sign in again."""


class NotAllowedError(AirflowError):
    """This person may not do that: an administrator gives roles in Airflow."""


class Airflow:
    """Airflow at a base URL, as one of its users.

    Every method raises AirflowError, in the class that fits, when Airflow does not answer or
    refuses.

    Args:
        base_url: Without `/api/v2`.
        token: What an earlier sign-in gave.
        login: Name and password, to sign in with.
    """

    def __init__(
        self, base_url: str, *, token: str | None = None, login: tuple[str, str] | None = None
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self._http = httpx2.Client(base_url=self.base_url, timeout=20)
        self.token = token or (self._sign_in(*login) if login else None)
        if self.token:
            self._http.headers["Authorization"] = f"Bearer {self.token}"

    def health(self) -> dict[str, bool]:
        """Return Airflow's parts (`scheduler`, `dag_processor`, …) and whether each is healthy."""
        found = self._ask("GET", "/monitor/health")
        return {name: part["status"] == "healthy" for name, part in found.items() if part["status"]}

    def person(self) -> Person:
        """Return who is signed in, and whether he is an operator: only those read connections."""
        name = self._json(self._send("GET", "/ui/auth/me"))["username"]
        probe = self._send("GET", "/api/v2/connections", params={"limit": 1})
        if probe.status_code == httpx2.codes.FORBIDDEN:
            return Person(name, is_operator=False)
        self._json(probe)
        return Person(name, is_operator=True)

    def dags(self) -> dict[str, bool]:
        """Return the DAGs that Airflow knows, and whether each is paused."""
        found = self._ask("GET", "/dags", params={"limit": 500})["dags"]
        return {each["dag_id"]: each["is_paused"] for each in found}

    def unpause(self, dag_id: str) -> None:
        """Let the DAG run by its schedule and its assets."""
        self._ask("PATCH", f"/dags/{_part(dag_id)}", json={"is_paused": False})

    def pause(self, dag_id: str) -> None:
        """Let the DAG start no run of itself until it is unpaused."""
        self._ask("PATCH", f"/dags/{_part(dag_id)}", json={"is_paused": True})

    def trigger(self, dag_id: str, conf: Mapping[str, object] | None = None) -> Run:
        """Start a run. A value that the form refuses is an AirflowError with the reason."""
        body = {"logical_date": None, "conf": dict(conf or {})}
        return run_of(self._ask("POST", f"/dags/{_part(dag_id)}/dagRuns", json=body))

    def run(self, run: Run) -> Run:
        """Return the run as it is now."""
        return run_of(self._ask("GET", _path(run)))

    def runs(self, dag_id: str, *, limit: int = 10) -> list[Run]:
        """Return the newest runs of a DAG, newest first."""
        params = {"limit": limit, "order_by": "-run_after"}
        found = self._ask("GET", f"/dags/{_part(dag_id)}/dagRuns", params=params)
        return [run_of(each) for each in found["dag_runs"]]

    def tasks(self, run: Run) -> list[Task]:
        """Return the tasks of a run in the order of their starts, waiting ones last."""
        found = self._ask("GET", f"{_path(run)}/taskInstances")["task_instances"]
        return sorted(
            map(task_of, found), key=lambda task: (task.started_at is None, task.started_at)
        )

    def log(self, run: Run, task: Task) -> list[str]:
        """Return the lines that the last try of a task wrote."""
        path = f"{_path(run)}/taskInstances/{_part(task.task_id)}/logs/{task.try_number}"
        found: Sequence[dict[str, Any]] = self._ask("GET", path, params={"full_content": True})[
            "content"
        ]
        return [str(line["event"]) for line in found if "event" in line]

    def question(self, run: Run) -> Question | None:
        """Return what the run asked a person, answered or not; None if it asked nobody."""
        found = self._ask("GET", f"{_path(run)}/hitlDetails")["hitl_details"]
        return question_of(found[0]) if found else None

    def questions(self, dag_id: str) -> dict[str, Question]:
        """Return what the newest runs of a DAG asked, by run id."""
        params = {"limit": 50, "order_by": "-created_at"}
        found = self._ask("GET", f"/dags/{_part(dag_id)}/dagRuns/~/hitlDetails", params=params)
        each = found["hitl_details"]
        return {one["task_instance"]["dag_run_id"]: question_of(one) for one in each}

    def answer(self, run: Run, question: Question, *, approve: bool) -> None:
        """Answer in the name of who is signed in. Only the first answer counts."""
        path = f"{_path(run)}/taskInstances/{_part(question.task_id)}/-1/hitlDetails"
        self._ask("PATCH", path, json={"chosen_options": [APPROVE if approve else REJECT]})

    def question_page(self, run: Run, task: Task) -> str:
        """Return the address of Airflow's page with the question that a task asks."""
        base = f"{self.base_url}/dags/{_part(run.dag_id)}/runs/{_part(run.run_id)}"
        return f"{base}/tasks/{_part(task.task_id)}/required_actions"

    def wait(self, run: Run, *, timeout: float, poll: float = 1.0) -> Run:
        """Return the run once it has ended, well or badly.

        Raises:
            NotHealthyError: it has not, `timeout` seconds later.
        """
        deadline = time.monotonic() + timeout
        while (now := self.run(run)).state not in ENDED:
            if time.monotonic() > deadline:
                raise NotHealthyError(
                    f"{run.dag_id} {run.run_id} is still {now.state} after {timeout:.0f} s. "
                    f"Open {self.base_url}/dags/{run.dag_id} to see which task it waits for."
                )
            time.sleep(poll)
        return now

    def _sign_in(self, username: str, password: str) -> str:
        given = {"username": username, "password": password}
        answer = self._send("POST", "/auth/token", json=given)
        if answer.status_code == httpx2.codes.UNAUTHORIZED:
            raise SignInRefusedError(
                f"Airflow does not let {username!r} in: name or password is wrong"
            )
        token: str = self._json(answer)["access_token"]
        return token

    def _ask(self, method: str, path: str, **options: Any) -> Any:
        return self._json(self._send(method, f"/api/v2{path}", **options))

    def _send(self, method: str, path: str, **options: Any) -> httpx2.Response:
        try:
            return self._http.request(method, path, **options)
        except httpx2.TransportError as error:
            raise AirflowUnavailableError(
                f"Airflow at {self.base_url} does not answer ({error}): `lantern up`"
            ) from error

    def _json(self, answer: httpx2.Response) -> Any:
        if answer.is_success:
            return answer.json()
        asked = f"{answer.request.method} {answer.request.url.path}"
        if answer.status_code == httpx2.codes.UNAUTHORIZED or _reason(answer) == BAD_TOKEN:
            raise SignInRefusedError(f"Airflow does not know who asks ({asked}): sign in again")
        if answer.status_code == httpx2.codes.FORBIDDEN:
            raise NotAllowedError(f"your role in Airflow does not allow {asked}")
        if answer.status_code >= httpx2.codes.INTERNAL_SERVER_ERROR:
            raise AirflowUnavailableError(f"Airflow failed on {asked}: {_reason(answer)}")
        raise AirflowError(f"Airflow refused {asked}: {_reason(answer)}")


def _part(given: str) -> str:
    return quote(given, safe="")


def _path(run: Run) -> str:
    return f"/dags/{_part(run.dag_id)}/dagRuns/{_part(run.run_id)}"


def _reason(answer: httpx2.Response) -> str:
    try:
        detail = answer.json()["detail"]
    except (ValueError, KeyError, TypeError):
        return f"status {answer.status_code}"
    return str(detail)
