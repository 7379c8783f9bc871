"""Typed client of Airflow's REST API, for the command line, the console and the API.

AirflowError
  x AirflowUnavailableError  Airflow does not answer, or not in time
  x SignInRefusedError       name or password is wrong, or the token is invalid or has expired
  x TooManyAttemptsError     Airflow accepts no further attempts for now
  x NotAllowedError          the user's role does not allow this
  x UnknownRunError          Airflow knows no such DAG, run or task
  x RefusedRequestError      a value is invalid, or the state does not allow this (any more)
"""

import copy
import logging
import time
from collections import deque
from typing import Any, Self

import httpx2

from airflow_api.answers import Dag, User, dag_of
from airflow_api.backfills import Backfills
from airflow_api.base import quoted
from airflow_api.questions import Questions
from airflow_api.runs import Runs
from edge import own_programs

INVALID_TOKEN = "Invalid JWT token"  # noqa: S105 # the detail of a 403, as for a missing right
SIGN_IN = "/auth/token"
ENDED = {"success", "failed", "skipped", "upstream_failed", "removed"}
OVERLOADED = {502, 503, 504}
DATABASE_ERROR = "Database error"  # the reason of a 500, as of two writers of one row at once
PAGE = 100  # DAGs; by default Airflow returns no more at once
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


class UnknownRunError(AirflowError):
    """Airflow knows no such DAG, run or task."""


class RefusedRequestError(AirflowError):
    """A value is invalid, or the state does not allow this. `reason` is in Airflow's words."""

    reason = ""


class Airflow(Runs, Questions, Backfills):
    """Airflow at a base URL, as one of its users.

    Every method raises AirflowError, in the class that fits, when Airflow does not answer or
    refuses.

    Args:
        base_url: Without `/api/v2`.
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
        self.token = token
        if login and not token:
            self.token = self._sign_in(*login)

    def as_user(self, token: str) -> Self:
        """Return a client with the token of another user, over the same connections."""
        other = copy.copy(self)
        other.token = token
        return other

    def sign_out(self) -> None:
        """Revoke this client's token."""
        answer = self._send("GET", "/api/v2/auth/logout")
        if not answer.has_redirect_location:
            self._json(answer)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def user(self) -> User:
        """Return the user of this client's token.

        A user is an operator if Airflow lets them read connections: only Op and Admin may.
        """
        user = self._json(self._send("GET", "/ui/auth/me"))
        name = user.get("username") if isinstance(user, dict) else None
        if not isinstance(name, str):
            raise AirflowError(f"{self.base_url} is not Airflow: it names no user")
        try:
            self._ask("GET", "/connections", params={"limit": 1})
        except NotAllowedError:
            return User(name, is_operator=False)
        return User(name, is_operator=True)

    def dags(self) -> dict[str, bool]:
        """Return by DAG id whether the DAG is paused, of all that the user may read."""
        paused: dict[str, bool] = {}
        while True:
            page = self._ask("GET", "/dags", params={"limit": PAGE, "offset": len(paused)})
            paused |= {dag["dag_id"]: dag["is_paused"] for dag in page["dags"]}
            if not page["dags"] or len(paused) >= page["total_entries"]:
                return paused

    def dag(self, dag_id: str) -> Dag:
        """Return a DAG with the fields of its form."""
        return dag_of(self._ask("GET", f"/dags/{quoted(dag_id)}/details"))

    def unpause(self, dag_id: str) -> None:
        """Let the DAG run on its schedule and its assets."""
        self._ask("PATCH", f"/dags/{quoted(dag_id)}", json={"is_paused": False})

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
        """Return Airflow's answer, asking again while it is unavailable and there is patience.

        After an error of its database it is asked once more, also without patience.
        """
        deadline, n_requests = time.monotonic() + self.patience, 0
        may_repeat = method != "POST" or path == SIGN_IN
        while True:
            n_requests += 1
            last = time.monotonic() >= deadline
            try:
                answer = self._http.request(method, path, headers=self._headers(), **options)
            except httpx2.TransportError as error:
                unsent = isinstance(error, httpx2.ConnectError | httpx2.ConnectTimeout)
                if last or not (may_repeat or unsent):
                    raise AirflowUnavailableError(
                        f"Airflow at {self.base_url} does not answer ({error or 'too slow'}): "
                        "start it with `lantern up`"
                    ) from error
            else:
                is_overloaded = answer.status_code in OVERLOADED and not last
                is_locked = _is_of_database(answer) and n_requests == 1
                if not may_repeat or not (is_overloaded or is_locked):
                    return answer
            if n_requests == 1 and not last:
                log.warning("Airflow does not answer yet: asking for up to %d s", self.patience)
            time.sleep(PAUSE_SECONDS)

    def _last_lines(self, path: str, n_lines: int) -> list[str]:
        headers = self._headers() | {"Accept": "application/x-ndjson"}
        last = deque[str](maxlen=n_lines)
        try:
            with self._http.stream("GET", f"/api/v2{path}", headers=headers) as answer:
                if not answer.is_success:
                    answer.read()
                    self._json(answer)
                last.extend(line for line in answer.iter_lines() if line)
        except httpx2.TransportError as error:
            raise AirflowUnavailableError(f"Airflow sent no log ({error or 'too slow'})") from error
        return [*last]

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}

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
        text = f"Airflow refused {request}: {reason}"
        if answer.status_code == httpx2.codes.NOT_FOUND:
            raise UnknownRunError(text)
        refused = RefusedRequestError(text)
        refused.reason = reason
        raise refused


def _is_of_database(answer: httpx2.Response) -> bool:
    is_error = answer.status_code == httpx2.codes.INTERNAL_SERVER_ERROR
    return is_error and DATABASE_ERROR in answer.text


def _reason(answer: httpx2.Response) -> str:
    try:
        return str(answer.json()["detail"])
    except (ValueError, KeyError, TypeError):
        return f"status {answer.status_code}"
