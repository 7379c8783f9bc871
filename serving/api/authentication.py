"""Who may come in, and how often: keys are looked up by their digest, and remembered a while."""

import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy import Connection

from serving.api.datasets import Datasets
from serving.api.metrics import Metrics
from serving.api.rate_limit import RateLimiter
from serving.errors import KeyRefusedError
from serving.lists.release_cache import ReleaseCache
from serving.storage import keys
from serving.storage.keys import KnownKey, Scope

MOST_REMEMBERED = 10_000

_bearer = HTTPBearer(auto_error=False, description="A key of the data set, 256 random bits.")


class KeyCache:
    """Remembers which keys open which data set, for some seconds; wrong keys as well."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._seen: dict[tuple[str, str], tuple[float, KnownKey | None]] = {}

    def known(self, connection: Connection, dataset: str, digest: str) -> KnownKey:
        """Return the key of this digest.

        Raises:
            KeyRefusedError: no such key opens this data set.
        """
        found = self._looked_up(connection, dataset, digest)
        if found is None:
            raise KeyRefusedError("No such key opens this data set.")
        return found

    def _looked_up(self, connection: Connection, dataset: str, digest: str) -> KnownKey | None:
        now = time.monotonic()
        until, key = self._seen.get((dataset, digest), (now, None))
        if now < until:
            return key
        key = keys.known(connection, digest)
        if len(self._seen) >= MOST_REMEMBERED:
            self._seen.clear()  # somebody tries keys: looking up again is all that it costs
        self._seen[dataset, digest] = (now + self._seconds, key)
        return key


@dataclass(frozen=True, slots=True)
class Writing:
    """A transaction on a data set, and the key that opened it."""

    connection: Connection
    key: KnownKey


@dataclass(frozen=True, slots=True)
class Caller:
    """One request to one data set, its key not yet looked at."""

    datasets: Datasets
    key_cache: KeyCache
    rate_limiter: RateLimiter
    metrics: Metrics
    release_caches: defaultdict[str, ReleaseCache]
    dataset: str
    key: str | None

    @property
    def release_cache(self) -> ReleaseCache:
        """What holds the data set's releases in this process; for a data set that is served."""
        return self.release_caches[self.dataset]

    @contextmanager
    def connection(self, scope: Scope = "read") -> Iterator[Connection]:
        """Open a connection for single statements, if the key may do this.

        Raises:
            UnknownDatasetError: the data set is not served here.
            KeyRefusedError: the key is missing, or does not open this data set.
            ScopeMissingError: the key is good, but not for this.
            TooManyRequestsError: the key asks too often.
        """
        digest = self._paced()
        with self.datasets.connection(self.dataset) as connection:
            self._known(connection, digest).must_have(scope)
            yield connection

    @contextmanager
    def transaction(self, scope: Scope | None = None) -> Iterator[Writing]:
        """Open a transaction, if the key may do this; None asks for any key of the data set.

        Raises: as `connection` does.
        """
        digest = self._paced()
        with self.datasets.transaction(self.dataset) as connection:
            key = self._known(connection, digest)
            if scope is not None:
                key.must_have(scope)
            yield Writing(connection, key)

    def _paced(self) -> str | None:
        digest = None if self.key is None else keys.digest(self.key)
        if digest is not None:
            self.rate_limiter.take(
                digest
            )  # before a connection is taken: refusing must cost little
        return digest

    def _known(self, connection: Connection, digest: str | None) -> KnownKey:
        if digest is None:
            raise KeyRefusedError("The request carries no key.")
        return self.key_cache.known(connection, self.dataset, digest)


async def caller(
    request: Request,
    dataset: str,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> Caller:
    """Return who asks for what. Nothing blocks here: the key is checked in the route's thread."""
    state = request.app.state
    key = None if credentials is None else credentials.credentials
    held = state.datasets, state.key_cache, state.rate_limiter, state.metrics, state.release_caches
    return Caller(*held, dataset, key)
