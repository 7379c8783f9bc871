"""Authentication of products: API keys are looked up by their digest and cached."""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy import Connection

from serving.api.datasets import Datasets
from serving.api.expiring_cache import ExpiringCache
from serving.api.metrics import Metrics
from serving.api.rate_limit import RateLimiter
from serving.errors import KeyRefusedError
from serving.lists.release_cache import ReleaseCache
from serving.storage import keys
from serving.storage.keys import KnownKey, Scope

_bearer = HTTPBearer(auto_error=False, description="An API key of the data set.")


@dataclass(frozen=True, slots=True)
class Authorized:
    """A connection to a data set, with the name and scopes of the key or the operator's name."""

    connection: Connection
    name: str
    scopes: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Caller:
    """One request to one data set, before its key is checked."""

    datasets: Datasets
    key_cache: ExpiringCache[KnownKey | None]  # invalid keys are cached as None
    rate_limiter: RateLimiter
    metrics: Metrics
    release_caches: defaultdict[str, ReleaseCache]
    dataset: str
    key: str | None

    @property
    def release_cache(self) -> ReleaseCache:
        """This process's cache of the data set's releases."""
        return self.release_caches[self.dataset]

    @contextmanager
    def connection(self, scope: Scope = "read") -> Iterator[Connection]:
        """Open a connection for single statements, for keys with the scope.

        Raises:
            UnknownDatasetError: the data set is not served here.
            KeyRefusedError: the key is missing, or not valid for this data set.
            ScopeMissingError: the key lacks the scope.
            TooManyRequestsError: the key exceeds its rate limit.
        """
        digest = self._count_request()
        with self.datasets.connection(self.dataset) as connection:
            self._check(connection, digest).must_have(scope)
            yield connection

    @contextmanager
    def transaction(self, scope: Scope | None = None) -> Iterator[Authorized]:
        """Open a transaction, for keys with the scope; None: for any key of the data set.

        Raises: see `connection`.
        """
        digest = self._count_request()
        with self.datasets.transaction(self.dataset) as connection:
            key = self._check(connection, digest)
            if scope is not None:
                key.must_have(scope)
            yield Authorized(connection, key.name, key.scopes)

    def _count_request(self) -> str | None:
        digest = None if self.key is None else keys.digest(self.key)
        if digest is not None:  # before a connection is taken, so that a rejection is cheap
            self.rate_limiter.take(digest)
        return digest

    def _check(self, connection: Connection, digest: str | None) -> KnownKey:
        if digest is None:
            raise KeyRefusedError("The request carries no key.")
        key = self.key_cache.get((self.dataset, digest), lambda: keys.find(connection, digest))
        if key is None:
            raise KeyRefusedError("The key is not valid for this data set.")
        return key


async def caller(
    request: Request,
    dataset: str,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> Caller:
    """Return the caller, unchecked: the key is checked later, in the route's thread."""
    state = request.app.state
    key = None if credentials is None else credentials.credentials
    return Caller(
        state.datasets,
        state.key_cache,
        state.rate_limiter,
        state.metrics,
        state.release_caches,
        dataset,
        key,
    )
