"""Who may change what everybody sees: Airflow's operators, each by his own name.

There is no shared key. Whoever is signed in to Airflow sends the token that it gave him; Airflow
says whose it is, and whether he may operate. That is remembered for a minute, as a digest.
"""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import BoundedSemaphore
from typing import Annotated

import httpx2
from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, ValidationError
from sqlalchemy import Connection

from serving.api.datasets import Datasets
from serving.api.rate_limit import RateLimiter
from serving.errors import (
    KeyRefusedError,
    OperatorCheckUnavailableError,
    OperatorsNotConfiguredError,
    ScopeMissingError,
)
from serving.storage import keys

MOST_REMEMBERED = 1000
MOST_AT_ONCE = 4  # who has no key can make nothing else wait: lists are read in the same threads
TIMEOUT_S = 5
BAD_TOKEN = "Invalid JWT token"  # noqa: S105 # Airflow answers it with 403, as a missing right
TOKEN = re.compile(r"[\w.~+/-]{1,8192}=*", re.ASCII)  # RFC 6750, 2.1

_bearer = HTTPBearer(
    scheme_name="Operator",
    auto_error=False,
    description="An Airflow user's token, as Airflow's `POST /auth/token` gives it.",
)


class _Me(BaseModel):
    username: str


class Operators:
    """Asks Airflow whose a token is, and remembers the answer.

    Args:
        airflow_url: without `/api/v2`; None where nobody may operate.
        seconds: how long an answer is remembered.
    """

    def __init__(self, airflow_url: str | None, seconds: float) -> None:
        self._http = httpx2.Client(base_url=airflow_url, timeout=TIMEOUT_S) if airflow_url else None
        self._seconds = seconds
        self._seen: dict[str, tuple[float, str]] = {}
        self._turns = BoundedSemaphore(MOST_AT_ONCE)

    def named(self, token: str) -> str:
        """Return the name of the operator whose token this is.

        Raises:
            KeyRefusedError: Airflow does not know the token, or no longer.
            ScopeMissingError: this person may look, not operate.
            OperatorsNotConfiguredError: this API was not told where Airflow is.
            OperatorCheckUnavailableError: Airflow does not answer.
        """
        digest, now = keys.digest(token), time.monotonic()
        until, name = self._seen.get(digest, (now, ""))
        if now < until:
            return name
        name = self._asked(token)
        if len(self._seen) >= MOST_REMEMBERED:
            self._seen.clear()
        self._seen[digest] = (now + self._seconds, name)
        return name

    def close(self) -> None:
        """Close the connections to Airflow."""
        if self._http is not None:
            self._http.close()

    def _asked(self, token: str) -> str:
        if self._http is None:
            raise OperatorsNotConfiguredError("Nobody can operate this API.")
        if not TOKEN.fullmatch(token):
            raise KeyRefusedError("This is no token of Airflow's.")
        if not self._turns.acquire(blocking=False):
            raise OperatorCheckUnavailableError("Airflow is being asked as often as it may be.")
        try:
            return _operator(self._http, {"Authorization": f"Bearer {token}"})
        except httpx2.TransportError as error:
            raise OperatorCheckUnavailableError(
                "Airflow, which knows the operators, is away."
            ) from error
        finally:
            self._turns.release()


def _operator(http: httpx2.Client, headers: dict[str, str]) -> str:
    name = _name(_known(http.get("/ui/auth/me", headers=headers)))
    # Only roles that operate may read connections.
    probe = http.get("/api/v2/connections", params={"limit": 1}, headers=headers)
    if probe.status_code == httpx2.codes.FORBIDDEN and _reason(probe) != BAD_TOKEN:
        raise ScopeMissingError(f"{name!r} may look, not operate.")
    _known(probe)
    return name


def _known(answer: httpx2.Response) -> httpx2.Response:
    if answer.status_code in {httpx2.codes.UNAUTHORIZED, httpx2.codes.FORBIDDEN}:
        raise KeyRefusedError("Airflow does not know this token: sign in again.")
    if answer.status_code != httpx2.codes.OK:
        raise OperatorCheckUnavailableError(
            f"Airflow answered {answer.status_code} when asked who this is."
        )
    return answer


def _name(answer: httpx2.Response) -> str:
    try:
        return _Me.model_validate_json(answer.content).username
    except ValidationError as error:
        raise OperatorCheckUnavailableError(
            "What answers in Airflow's place is no Airflow."
        ) from error


def _reason(answer: httpx2.Response) -> str:
    try:
        return str(answer.json()["detail"])
    except (ValueError, KeyError, TypeError):
        return ""


@dataclass(frozen=True, slots=True)
class Operating:
    """A connection to a data set, and the name of the operator who asked for it."""

    connection: Connection
    name: str


@dataclass(frozen=True, slots=True)
class OperatorCaller:
    """One operator's request to one data set, his token not yet looked at."""

    datasets: Datasets
    operators: Operators
    rate_limiter: RateLimiter
    dataset: str
    token: str | None = field(repr=False)

    @contextmanager
    def reading(self) -> Iterator[Operating]:
        """Open a connection for single statements, if this is an operator.

        Raises:
            UnknownDatasetError: the data set is not served here.
            TooManyRequestsError: the token asks too often.
            KeyRefusedError, ScopeMissingError, OperatorsNotConfiguredError,
            OperatorCheckUnavailableError: as `Operators.named` raises them.
        """
        name = self._name()
        with self.datasets.connection(self.dataset) as connection:
            yield Operating(connection, name)

    @contextmanager
    def transaction(self) -> Iterator[Operating]:
        """Open a transaction, if this is an operator; an error ends it, else it is committed.

        Raises: as `reading` does.
        """
        name = self._name()
        with self.datasets.transaction(self.dataset) as connection:
            yield Operating(connection, name)

    def _name(self) -> str:
        if self.token is None:
            raise KeyRefusedError("The request carries no operator's token.")
        self.rate_limiter.take(keys.digest(self.token))
        return self.operators.named(self.token)


async def operator(
    request: Request,
    dataset: str,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> OperatorCaller:
    """Return who asks to operate what. Airflow is asked in the route's thread."""
    state = request.app.state
    token = None if credentials is None else credentials.credentials
    return OperatorCaller(state.datasets, state.operators, state.rate_limiter, dataset, token)
