"""Typed client of Airflow's REST API, for the command line, the console and the API.

AirflowError
  x AirflowUnavailableError  Airflow does not answer, or not in time
  x SignInRefusedError       name or password is wrong, or the token is invalid or has expired
  x TooManyAttemptsError     Airflow accepts no further attempts for now
  x NotAllowedError          the user's role does not allow this
"""

import logging
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import httpx2

from airflow_api.answers import Question, Run, Task, User, question_of, run_of, task_of
from edge import own_programs

INVALID_TOKEN = "Invalid JWT token"  # noqa: S105 # the detail of a 403, as for a missing right
SIGN_IN = "/auth/token"
AWAITING = "awaiting_input"  # the state of a task that waits for an answer
APPROVE, REJECT = "Approve", "Reject"
ENDED = {"success", "failed", "skipped", "upstream_failed", "removed"}
OVERLOADED = {502, 503, 504}
PAUSE_SECONDS = 1.0  # before a request is repeated

log = logging.getLogger(__name__)


class AirflowError(Exception):
    """Airflow did not answer, or refused."""


class AirflowUnavailableError(AirflowError):
    """Airflow does not answer, or not in time."""


class SignInRefusedError(AirflowError):
    """Name or password is wrong, or the token is invalid or has expired: sign in again."""


class TooManyAttemptsError(AirflowError):
    """Airflow accepts no further attempts for now. Wait a minute."""


class NotAllowedError(AirflowError):
    """The user's role does not allow this. An administrator assigns roles in Airflow."""


class Airflow:
    """Airflow at a base URL, as one of its users.

    Every method raises AirflowError, in the class that fits, when Airflow does not answer or
    refuses.

    Args:
        base_url: Without `/api/v2`.
        token: The token of an earlier sign-in.
        login: Name and password, to sign in with.
        timeout: Seconds that a request may take.
        patience: Seconds for which a request is repeated while Airflow does not answer, is too
            slow, or says that it is overloaded. The start of a run is repeated only if it cannot
            have reached Airflow.
    """

    def __init__(
        self,
        base_url: str,
        *,
        token: str | None = None,
        login: tuple[str, str] | None = None,
        timeout: float = 20,
        patience: float = 0,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self.patience = patience
        self._http = own_programs.client(self.base_url, timeout=timeout)
        self.token = token or (self._sign_in(*login) if login else None)
        if self.token:
            self._http.headers["Authorization"] = f"Bearer {self.token}"

    def sign_out(self) -> None:
        """Revoke this client's token."""
        answer = self._send("GET", "/api/v2/auth/logout")
        if not answer.has_redirect_location:
            self._json(answer)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def user(self, token: str | None = None) -> User:
        """Return the user of a token, by default of this client's.

        A user is an operator if Airflow lets them read connections: only Op and Admin may.
        """
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        user = self._json(self._send("GET", "/ui/auth/me", headers=headers))
        name = user.get("username") if isinstance(user, dict) else None
        if not isinstance(name, str):
            raise AirflowError(f"{self.base_url} is not Airflow: it names no user")
        try:
            self._ask("GET", "/connections", params={"limit": 1}, headers=headers)
        except NotAllowedError:
            return User(name, is_operator=False)
        return User(name, is_operator=True)

    def may_read_dags(self, token: str) -> bool:
        """Return whether the user of a token may read DAGs, as viewers and operators may."""
        headers = {"Authorization": f"Bearer {token}"}
        try:
            self._ask("GET", "/dags", params={"limit": 1}, headers=headers)
        except NotAllowedError:
            return False
        return True

    def dags(self) -> dict[str, bool]:
        """Return by DAG id whether the DAG is paused."""
        dags = self._ask("GET", "/dags", params={"limit": 500})["dags"]
        return {dag["dag_id"]: dag["is_paused"] for dag in dags}

    def unpause(self, dag_id: str) -> None:
        """Let the DAG run on its schedule and its assets."""
        self._ask("PATCH", f"/dags/{_quoted(dag_id)}", json={"is_paused": False})

    def trigger(self, dag_id: str, conf: Mapping[str, object] | None = None) -> Run:
        """Start a run. An invalid value of the form raises AirflowError with the reason."""
        body = {"logical_date": None, "conf": dict(conf or {})}
        return run_of(self._ask("POST", f"/dags/{_quoted(dag_id)}/dagRuns", json=body))

    def run(self, run: Run) -> Run:
        """Return the run with its current state."""
        return run_of(self._ask("GET", _path(run)))

    def runs(self, dag_id: str, *, limit: int = 10) -> list[Run]:
        """Return the newest runs of a DAG, newest first."""
        params = {"limit": limit, "order_by": "-run_after"}
        answer = self._ask("GET", f"/dags/{_quoted(dag_id)}/dagRuns", params=params)
        return [run_of(fields) for fields in answer["dag_runs"]]

    def tasks(self, run: Run) -> list[Task]:
        """Return the tasks of a run in the order in which they started; unstarted ones last."""
        instances = self._ask("GET", f"{_path(run)}/taskInstances")["task_instances"]
        return sorted(
            map(task_of, instances), key=lambda task: (task.started_at is None, task.started_at)
        )

    def log(self, run: Run, task: Task) -> list[str]:
        """Return the log lines of a task's last try."""
        path = f"{_path(run)}/taskInstances/{_quoted(task.task_id)}/logs/{task.try_number}"
        lines = self._ask("GET", path, params={"full_content": True})["content"]
        return [str(line["event"]) for line in lines if "event" in line]

    def question(self, run: Run) -> Question | None:
        """Return the run's question, answered or not; None if it has none."""
        details = self._ask("GET", f"{_path(run)}/hitlDetails")["hitl_details"]
        return question_of(details[0]) if details else None

    def questions(self, dag_id: str) -> dict[str, Question]:
        """Return the 50 newest questions of a DAG by run id."""
        params = {"limit": 50, "order_by": "-created_at"}
        path = f"/dags/{_quoted(dag_id)}/dagRuns/~/hitlDetails"
        details = self._ask("GET", path, params=params)["hitl_details"]
        return {fields["task_instance"]["dag_run_id"]: question_of(fields) for fields in details}

    def answer(self, run: Run, question: Question, *, approve: bool) -> None:
        """Answer as the signed-in user. Only the first answer counts."""
        path = f"{_path(run)}/taskInstances/{_quoted(question.task_id)}/-1/hitlDetails"
        self._ask("PATCH", path, json={"chosen_options": [APPROVE if approve else REJECT]})

    def question_page(self, run: Run, task: Task) -> str:
        """Return the URL of Airflow's page with a task's question."""
        base = f"{self.base_url}/dags/{_quoted(run.dag_id)}/runs/{_quoted(run.run_id)}"
        return f"{base}/tasks/{_quoted(task.task_id)}/required_actions"

    def _sign_in(self, username: str, password: str) -> str:
        credentials = {"username": username, "password": password}
        answer = self._send("POST", SIGN_IN, json=credentials)
        if answer.status_code == httpx2.codes.UNAUTHORIZED:
            raise SignInRefusedError(
                f"Airflow refused the sign-in of {username!r}: user name or password is wrong"
            )
        token: str = self._json(answer)["access_token"]
        return token

    def _ask(self, method: str, path: str, **options: Any) -> Any:
        return self._json(self._send(method, f"/api/v2{path}", **options))

    def _send(self, method: str, path: str, **options: Any) -> httpx2.Response:
        """Return Airflow's answer, asking again while it is unavailable and there is patience."""
        deadline, n_requests = time.monotonic() + self.patience, 0
        may_repeat = method != "POST" or path == SIGN_IN
        while True:
            n_requests += 1
            last = time.monotonic() >= deadline
            try:
                answer = self._http.request(method, path, **options)
            except httpx2.TransportError as error:
                unsent = isinstance(error, httpx2.ConnectError | httpx2.ConnectTimeout)
                if last or not (may_repeat or unsent):
                    raise AirflowUnavailableError(
                        f"Airflow at {self.base_url} does not answer ({error or 'too slow'}): "
                        "start it with `lantern up`"
                    ) from error
            else:
                if last or not may_repeat or answer.status_code not in OVERLOADED:
                    return answer
            if n_requests == 1:
                log.warning("Airflow does not answer yet: asking for up to %d s", self.patience)
            time.sleep(PAUSE_SECONDS)

    def _json(self, answer: httpx2.Response) -> Any:
        request = f"{answer.request.method} {answer.request.url.path}"
        if answer.is_success:
            try:
                return answer.json()
            except ValueError as error:
                raise AirflowError(f"{request} at {self.base_url}: no JSON from Airflow") from error
        reason = _reason(answer)
        if answer.status_code == httpx2.codes.UNAUTHORIZED or reason == INVALID_TOKEN:
            raise SignInRefusedError(f"Airflow rejected the token ({request}): sign in again")
        if answer.status_code == httpx2.codes.FORBIDDEN:
            raise NotAllowedError(f"Your role in Airflow does not allow {request}")
        if answer.status_code == httpx2.codes.TOO_MANY_REQUESTS:
            raise TooManyAttemptsError(f"Airflow accepts no {request} for now: wait a minute")
        if answer.status_code >= httpx2.codes.INTERNAL_SERVER_ERROR:
            raise AirflowUnavailableError(f"Airflow failed on {request}: {reason}")
        raise AirflowError(f"Airflow refused {request}: {reason}")


def _quoted(path_id: str) -> str:
    return quote(path_id, safe="")


def _path(run: Run) -> str:
    return f"/dags/{_quoted(run.dag_id)}/dagRuns/{_quoted(run.run_id)}"


def _reason(answer: httpx2.Response) -> str:
    try:
        return str(answer.json()["detail"])
    except (ValueError, KeyError, TypeError):
        return f"status {answer.status_code}"
