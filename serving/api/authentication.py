"""The callers of the product's routes: what a route needs, and the cache of API keys."""

from collections import defaultdict
from collections.abc import Callable, Coroutine, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial, wraps
from typing import Annotated, Any, Literal

from anyio import CapacityLimiter, to_thread
from fastapi import Depends, Request, Response
from fastapi.security import HTTPBearer
from sqlalchemy import Connection

from serving.api.datasets import Datasets
from serving.api.expiring_cache import ExpiringCache
from serving.api.metrics import Metrics
from serving.api.rate_limit import Turns
from serving.api.shown_lists import ShownLists
from serving.errors import KeyRefusedError, UnknownDatasetError
from serving.lists.releases.cache import ReleaseCache
from serving.storage import keys
from serving.storage.keys import KnownKey, Scope
from serving.users.shown_lists import ShownList

LOOKUP_THREADS = 2  # threads of their own: lookups do not occupy those of the routes
REFUSED = "The key is not valid for this data set."


@dataclass(frozen=True, slots=True)
class Authorized:
    """A connection to a data set, with the name and scopes of the key or the operator's name."""

    connection: Connection
    name: str
    scopes: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Caller:
    """One request of a product to one data set. Its key has the scope that the route needs."""

    datasets: Datasets
    metrics: Metrics
    shown_lists: ShownLists
    release_caches: defaultdict[str, ReleaseCache]
    dataset: str
    key: KnownKey
    changes: Turns
    searches: Turns
    exports: Turns
    events: Turns

    @property
    def release_cache(self) -> ReleaseCache:
        """This process's cache of the data set's releases."""
        return self.release_caches[self.dataset]

    @property
    def sender(self) -> tuple[str, str]:
        """Who waits for a turn: the key of the data set."""
        return self.dataset, self.key.name

    def keep(self, *lists: ShownList) -> None:
        """Record the lists of an answer that is about to be sent."""
        self.shown_lists.add(self.dataset, *lists, key_name=self.key.name)

    def connection(self) -> Connection:
        """Open a connection for single statements."""
        return self.datasets.connection(self.dataset)

    @contextmanager
    def transaction(self) -> Iterator[Authorized]:
        """Open a transaction; it commits at the end unless an error is raised."""
        with self.datasets.transaction(self.dataset) as connection:
            yield Authorized(connection, self.key.name, self.key.scopes)


ProductAccess = Literal[Scope, "any key"]


@dataclass(frozen=True, slots=True)
class Needs:
    """What a route needs: a key with this scope, any key, an operator, or at least a viewer."""

    access: ProductAccess | Literal["operator", "viewer"]


class Admitted(HTTPBearer):
    """The dependency of a route on its caller, whom `GuardedRoute` has already checked."""

    async def __call__(self, request: Request, dataset: str) -> object:  # type: ignore[override]
        """Return the caller. `dataset` is here for the OpenAPI document: the route has used it."""
        del dataset
        return request.scope["caller"]


_by_key = Depends(Admitted(scheme_name="HTTPBearer", description="An API key of the data set."))
# The type of a route's parameter `caller` declares who may call it: see `access.GuardedRoute`.
Reader = Annotated[Caller, _by_key, Needs("read")]
Sender = Annotated[Caller, _by_key, Needs("feedback")]
Cataloguer = Annotated[Caller, _by_key, Needs("catalogue")]
Maintainer = Annotated[Caller, _by_key, Needs("operate")]
AnyProduct = Annotated[Caller, _by_key, Needs("any key")]

Endpoint = Callable[..., Response]
InTurn = Callable[..., Coroutine[None, None, Response]]


def apart_from_lists(endpoint: Endpoint) -> InTurn:
    """Return the endpoint, run in a turn of the caller's `changes`: it may wait for a lock.

    So it does not occupy a thread of the routes that serve lists.
    """
    return in_turn(endpoint, lambda caller: (caller.changes, caller.sender))


def as_events(endpoint: Endpoint) -> InTurn:
    """Return the endpoint, run in a turn of the caller's `events`: writing a batch takes long."""
    return in_turn(endpoint, lambda caller: (caller.events, caller.sender))


def as_search(endpoint: Endpoint) -> InTurn:
    """Return the endpoint, run in a turn of the caller's `searches`: Postgres may take long."""
    return in_turn(endpoint, lambda caller: (caller.searches, caller.sender))


def in_turn(endpoint: Endpoint, turn: Callable[[Any], tuple[Turns, Hashable]]) -> InTurn:
    """Return the endpoint, run in the turns that `turn` names of its caller, with who waits."""

    @wraps(endpoint)
    async def run(**parameters: Any) -> Response:
        turns, sender = turn(parameters["caller"])
        return await turns.run(partial(endpoint, **parameters), sender)

    return run


class KeyCache:
    """Looks up API keys by digest, and caches the valid and the refused ones for `seconds`."""

    def __init__(self, datasets: Datasets, seconds: float) -> None:
        self._datasets = datasets
        self._valid = ExpiringCache[KnownKey](seconds)
        self._refused = ExpiringCache[bool](seconds, keeps_expired=False)
        self._threads = CapacityLimiter(LOOKUP_THREADS)

    def was_valid(self, dataset: str, digest: str) -> bool:
        """Return whether the key was valid when it was last looked up."""
        return (dataset, digest) in self._valid

    async def find(self, dataset: str, digest: str) -> KnownKey:
        """Return the data set's key with this digest.

        Raises:
            KeyRefusedError: there is no such key, or no such data set.
            SchemaUnknownError: the data set's schema does not match this code.
        """
        valid_key = self._valid.peek((dataset, digest))
        if valid_key is not None:
            return valid_key
        if self._refused.peek((dataset, digest)):
            raise KeyRefusedError(REFUSED)
        key = await to_thread.run_sync(self._look_up, dataset, digest, limiter=self._threads)
        if key is None:
            self._valid.drop((dataset, digest))
            self._refused.put((dataset, digest), value=True)
            raise KeyRefusedError(REFUSED)
        return self._valid.put((dataset, digest), key)

    def clear(self) -> None:
        """Drop all keys from the cache, valid and refused ones."""
        self._valid.clear()
        self._refused.clear()

    def _look_up(self, dataset: str, digest: str) -> KnownKey | None:
        try:
            with self._datasets.connection(dataset) as connection:
                return keys.find(connection, digest)
        except UnknownDatasetError:  # answered as a wrong key: data sets cannot be guessed
            return None
