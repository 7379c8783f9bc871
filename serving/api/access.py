"""Check the caller of a request before anything else of the request.

Every route of a data set is a `GuardedRoute`. The type of its parameter `caller` declares who may
call it: `Reader`, `Sender`, `Cataloguer`, `Maintainer`, `AnyProduct` (see `authentication`),
`Operator` or `Viewer` (see `operators`). A route without that parameter cannot be created. The key
or token is checked before the body is read and before the name of the data set is looked up.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from contextlib import AbstractAsyncContextManager, nullcontext
from functools import partial
from math import inf
from typing import Any, get_type_hints

from fastapi.security.utils import get_authorization_scheme_param
from starlette.types import Receive, Scope, Send

from edge.networks import network_of
from serving import body_limit
from serving.api import path_ids
from serving.api.authentication import Caller, KeyCache, Needs, ProductAccess
from serving.api.datasets import Datasets
from serving.api.metrics import Metrics
from serving.api.operators import Comparisons, Erasures, OperatorCaller, Operators
from serving.api.path_ids import PathIdRoute
from serving.api.rate_limit import RateLimiter, Refusals, Turns
from serving.api.shown_lists import ShownLists
from serving.errors import (
    ApiError,
    ApiUnavailableError,
    KeyRefusedError,
    TooManyChangesError,
    TooManySearchesError,
)
from serving.lists.releases.cache import ReleaseCache
from serving.storage import keys

UNAUTHORIZED = 401
TOO_MANY_BATCHES = TooManyChangesError("The key sends too many batches at once.")
# Changes that may wait for a lock, searches, and users' exports have threads of their own, apart
# from each other
MOST_AT_ONCE = 2  # of changes, of searches, or of exports
MOST_OF_KEY = 1  # of these from one key: the other threads are for the other keys
MOST_WAITING = 32  # changes, searches or exports of one key that wait for a thread
# The thread that handles all requests parses the bodies of batches, so a key has few at a time
BATCHES_OF_KEY = 4
EVENT_BATCHES_AT_ONCE = 3  # that are written, by threads of their own
EVENT_BATCHES_OF_KEY = 2  # of these from one key


class Admission:
    """Checks the callers of the requests to one process.

    `rate_limiter` counts by key and token, `refusals` by address.
    """

    def __init__(
        self,
        datasets: Datasets,
        metrics: Metrics,
        shown_lists: ShownLists,
        *,
        key_cache: KeyCache,
        operators: Operators,
        rate_limiter: RateLimiter,
        refusals: Refusals,
        max_body_bytes: int,
        max_batch_bytes: int,
    ) -> None:
        self.max_body_bytes = max_body_bytes
        self.max_batch_bytes = max_batch_bytes
        self.release_caches = defaultdict[str, ReleaseCache](ReleaseCache)
        self.operators = operators
        self._datasets = datasets
        self._metrics = metrics
        self._shown_lists = shown_lists
        self._key_cache = key_cache
        self._rate_limiter = rate_limiter
        self._refusals = refusals
        self._comparisons = Comparisons()
        self._erasures = Erasures()
        self._changes = _turns(TooManyChangesError("Too many changes are being made at once."))
        self._searches = _turns(TooManySearchesError("The key has too many searches at once."))
        self._events = Turns(
            TOO_MANY_BATCHES,
            at_once=EVENT_BATCHES_AT_ONCE,
            at_once_each=EVENT_BATCHES_OF_KEY,
            most_waiting=MOST_WAITING,
        )
        self.batches = Turns(
            TOO_MANY_BATCHES, at_once=inf, at_once_each=BATCHES_OF_KEY, most_waiting=MOST_WAITING
        )
        self._exports = _turns(ApiUnavailableError("Too many exports are being written. Retry."))

    async def admit(self, needs: Needs, scope: Scope) -> Caller | OperatorCaller:
        """Return the caller of a request if it has what the route needs.

        Raises:
            KeyRefusedError: key or token is missing or not valid.
            ScopeMissingError: the key lacks the scope, or the user is not an operator.
            TooManyRequestsError: the key sends too many requests, or too many requests of the
                address were refused.
            ApiUnavailableError: the key or token cannot be checked now.
        """
        address = _address(scope)
        token = _bearer(scope["headers"])
        if token is None:
            await self._refusals.count(address)
            raise KeyRefusedError("The request carries no key.")
        dataset: str = scope["path_params"]["dataset"]
        if needs.access == "operator" or needs.access == "viewer":  # noqa: PLR1714 # mypy narrows it
            is_for_viewers = needs.access == "viewer"
            return await self._operator(token, dataset, address, is_for_viewers=is_for_viewers)
        try:
            return await self._product(needs.access, token, dataset, address)
        except KeyRefusedError as error:
            if error.status == UNAUTHORIZED:
                await self._refusals.count(address)
            raise

    async def count_refusal(self, scope: Scope) -> None:
        """Count a request that no route answers.

        Raises:
            TooManyRequestsError: too many requests of the address were refused.
        """
        await self._refusals.count(_address(scope))

    def forget_keys(self) -> None:
        """Look every API key up again at its next request."""
        self._key_cache.clear()

    async def _operator(
        self, token: str, dataset: str, address: str, *, is_for_viewers: bool
    ) -> OperatorCaller:
        digest = keys.digest(token)
        of_dataset = partial(self.operators.viewer, dataset=dataset)
        find = of_dataset if is_for_viewers else self.operators.operator
        if self.operators.was_valid(digest):
            user = await find(token)
        else:
            async with self._refusals.attempt(address):
                user = await find(token)
        self._rate_limiter.take(digest)
        return OperatorCaller(
            self._datasets,
            self.release_caches,
            dataset,
            user.name,
            token,
            user.is_operator,
            self._comparisons,
            self._erasures,
        )

    async def _product(
        self, access: ProductAccess, token: str, dataset: str, address: str
    ) -> Caller:
        digest = keys.digest(token)
        if not self._key_cache.was_valid(dataset, digest):
            await self._refusals.check(address)
        key = await self._key_cache.find(dataset, digest)
        self._rate_limiter.take(digest)
        if access != "any key":
            key.must_have(access)
        return Caller(
            self._datasets,
            self._metrics,
            self._shown_lists,
            self.release_caches,
            dataset,
            key,
            self._changes,
            self._searches,
            self._exports,
            self._events,
        )


class GuardedRoute(PathIdRoute):
    """A route that only the declared callers reach; see the module.

    Raises:
        TypeError: the endpoint does not declare who may call it.
    """

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        self.needs = _declared(endpoint)
        super().__init__(path, endpoint, **options)

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Check the caller, then the encoding of path and query, then run the route."""
        if scope["method"] in self.methods:
            admission: Admission = scope["app"].state.admission
            scope["caller"] = await admission.admit(self.needs, scope)
            path_ids.must_be_utf8(scope["query_string"])
            scope["path_params"] = self.unquoted(scope["path_params"])
            async with self.turn(admission, scope["caller"]):
                receive = await body_limit.limited(scope, receive, self.max_bytes(admission))
                await super().handle(scope, receive, send)
        else:
            await super().handle(scope, receive, send)

    def max_bytes(self, admission: Admission) -> int:
        """Return the largest size of a body."""
        return admission.max_body_bytes

    def turn(
        self, _admission: Admission, _caller: Caller | OperatorCaller
    ) -> AbstractAsyncContextManager[None]:
        """Return the context in which the body is read and the request is answered."""
        return nullcontext()


class BatchRoute(GuardedRoute):
    """A guarded route whose body has many rows."""

    def max_bytes(self, admission: Admission) -> int:
        """Return the largest size of a body."""
        return admission.max_batch_bytes

    def turn(
        self, admission: Admission, caller: Caller | OperatorCaller
    ) -> AbstractAsyncContextManager[None]:
        """Return a turn of the key, or of the operator, at batches."""
        return admission.batches.turn(caller.sender)


def _turns(refusal: ApiError) -> Turns:
    return Turns(refusal, at_once=MOST_AT_ONCE, at_once_each=MOST_OF_KEY, most_waiting=MOST_WAITING)


def _declared(endpoint: Callable[..., Any]) -> Needs:
    hint = get_type_hints(endpoint, include_extras=True).get("caller")
    for declared in getattr(hint, "__metadata__", ()):
        if isinstance(declared, Needs):
            return declared
    raise TypeError(
        f"{endpoint.__name__} must declare who may call it: give it a parameter `caller` of the "
        "type Reader, Sender, Cataloguer, Maintainer, AnyProduct, Operator or Viewer"
    )


def _address(scope: Scope) -> str:
    """Return the client's address, of IPv6 its network."""
    client = scope.get("client")
    return network_of(client[0]) if client else ""


def _bearer(headers: Iterable[tuple[bytes, bytes]]) -> str | None:
    for name, value in headers:
        if name == b"authorization":
            scheme, token = get_authorization_scheme_param(value.decode("latin-1"))
            return token if token and scheme.lower() == "bearer" else None
    return None
