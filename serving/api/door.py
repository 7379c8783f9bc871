"""Who may come in: keys are looked up by their digest, and remembered for a short while."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy import Connection

from serving import keys
from serving.api.datasets import Datasets
from serving.errors import KeyRefusedError, ScopeMissingError
from serving.keys import Scope

MOST_REMEMBERED = 10_000

_bearer = HTTPBearer(auto_error=False, description="A key of the data set, 256 random bits.")


class Doorkeeper:
    """Remembers which keys open which data set, for some seconds; wrong keys as well."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._seen: dict[tuple[str, str], tuple[float, frozenset[str]]] = {}

    def check(self, connection: Connection, dataset: str, key: str, scope: Scope) -> None:
        """Let pass in silence.

        Raises:
            KeyRefusedError: no such key opens this data set.
            ScopeMissingError: the key is good, but not for this.
        """
        scopes = self._scopes(connection, dataset, keys.digest(key))
        if not scopes:
            raise KeyRefusedError("No such key opens this data set.")
        if scope not in scopes:
            raise ScopeMissingError(f"The key has no scope {scope!r}.")

    def _scopes(self, connection: Connection, dataset: str, digest: str) -> frozenset[str]:
        now = time.monotonic()
        until, scopes = self._seen.get((dataset, digest), (now, frozenset()))
        if now < until:
            return scopes
        scopes = keys.scopes_of(connection, digest)
        if len(self._seen) >= MOST_REMEMBERED:
            self._seen.clear()  # somebody tries keys: looking up again is all that it costs
        self._seen[dataset, digest] = (now + self._seconds, scopes)
        return scopes


@dataclass(frozen=True, slots=True)
class Caller:
    """One request to one data set, its key not yet looked at."""

    datasets: Datasets
    doorkeeper: Doorkeeper
    dataset: str
    key: str | None

    @contextmanager
    def connection(self, scope: Scope = "read") -> Iterator[Connection]:
        """Open a connection for single statements, if the key may do this.

        Raises:
            UnknownDatasetError: the data set is not served here.
            KeyRefusedError: the key is missing, or does not open this data set.
            ScopeMissingError: the key is good, but not for this.
        """
        with self.datasets.connection(self.dataset) as connection:
            if self.key is None:
                raise KeyRefusedError("The request carries no key.")
            self.doorkeeper.check(connection, self.dataset, self.key, scope)
            yield connection


async def caller(
    request: Request,
    dataset: str,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> Caller:
    """Return who asks for what. Nothing blocks here: the key is checked in the route's thread."""
    state = request.app.state
    key = None if credentials is None else credentials.credentials
    return Caller(state.datasets, state.doorkeeper, dataset, key)
