"""Rate limits, and turns of what may wait for long.

Rate limits are token buckets of one second's worth of requests, in memory.

Measured: 2 µs per request. The library `limits` takes 10 µs and would be one more dependency.
"""

import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Hashable, Sequence
from contextlib import ExitStack, asynccontextmanager
from threading import Lock
from typing import TypeVar

import anyio
from anyio import CapacityLimiter, move_on_after, to_thread

from serving.errors import ApiError, TooManyRequestsError

CACHED_KEYS = 10_000
HELD_SECONDS = 1.0
FAILED = frozenset((401, 503))  # a token that is not valid, or a lookup that did not end in time
MOST_HELD = 64  # refusals that wait at the same time
TURN_SECONDS = 5  # seconds to wait for a turn
T = TypeVar("T")


class RateLimiter:
    """Counts the requests of each sender in this process.

    Args:
        per_second: requests that a sender may send per second; 0: no limit.
        what: subject and verb of the error's message: who sends too many requests.
    """

    def __init__(self, per_second: int, what: str = "The key or token sends") -> None:
        self._per_second = per_second
        self._what = what
        self._full_at: OrderedDict[str, float] = OrderedDict()  # when each bucket is full again
        self._lock = Lock()

    def take(self, sender: str) -> None:
        """Count one request.

        Raises:
            TooManyRequestsError: the bucket is empty; with the seconds to wait.
        """
        if self._per_second == 0:
            return
        now = time.monotonic()
        with self._lock:
            full_at = self._next(sender, now)
            self._full_at[sender] = full_at
            self._full_at.move_to_end(sender)
            if len(self._full_at) > CACHED_KEYS:
                self._full_at.popitem(last=False)  # the sender that was silent for longest

    def give_back(self, sender: str) -> None:
        """Uncount one request."""
        with self._lock:
            if self._per_second and sender in self._full_at:
                self._full_at[sender] -= 1 / self._per_second

    def check(self, sender: str) -> None:
        """Check that a request would be accepted, without counting it.

        Raises: see `take`.
        """
        if self._per_second and sender in self._full_at:
            self._next(sender, time.monotonic())

    def _next(self, sender: str, now: float) -> float:
        """Return when the bucket is full again after one more request, in monotonic seconds."""
        full_at = max(self._full_at.get(sender, now), now) + 1 / self._per_second
        wait = full_at - now - 1
        if wait > 1e-9:  # noqa: PLR2004 # rounding
            raise TooManyRequestsError(
                f"{self._what} more than {self._per_second} requests per second.", wait
            )
        return full_at


class Refusals:
    """Limits the requests of each address that are refused for their key or token.

    Above the limit the answer is held for a second, so that a sender who waits for answers sends
    less. Requests with a key or token that was valid before are not limited.

    Args:
        per_second: refused requests per address and second; 0: no limit.
    """

    def __init__(self, per_second: int) -> None:
        self._limiter = RateLimiter(per_second, "Without a valid key this address sends")
        self._n_held = 0
        self._attempts: dict[str, anyio.Lock] = {}

    async def check(self, address: str) -> None:
        """Check that the address may try a key or token that is not known to be valid.

        Raises:
            TooManyRequestsError: too many of its requests were refused.
        """
        try:
            self._limiter.check(address)
        except TooManyRequestsError:
            await self._hold()
            raise

    async def count(self, address: str) -> None:
        """Count a refusal.

        Raises: see `check`.
        """
        try:
            self._limiter.take(address)
        except TooManyRequestsError:
            await self._hold()
            raise

    @asynccontextmanager
    async def attempt(self, address: str) -> AsyncIterator[None]:
        """Count a lookup outside the API before it begins; uncount it unless it failed.

        An address has one lookup at a time: the others of it wait, and those of other addresses do
        not wait for them.

        Raises: see `check`.
        """
        await self.count(address)
        lock = self._attempts.setdefault(address, anyio.Lock())
        try:
            async with lock:
                yield
        except ApiError as error:
            if error.status not in FAILED:
                self._limiter.give_back(address)
            raise
        else:
            self._limiter.give_back(address)
        finally:
            if not lock.statistics().locked:
                self._attempts.pop(address, None)

    async def _hold(self) -> None:
        if self._n_held >= MOST_HELD:
            return
        self._n_held += 1
        try:
            await anyio.sleep(HELD_SECONDS)
        finally:
            self._n_held -= 1


class Turns:
    """A limit of how much runs at the same time, in all and for one sender; the rest waits.

    `run` uses threads of its own, so lists do not wait for functions that take long.

    Args:
        refusal: what is raised if too many wait, or a wait takes too long.
        at_once: how many turns are held at the same time; may be infinite.
        at_once_each: how many of these one sender holds.
        most_waiting: how many of one sender wait at the same time.
    """

    def __init__(
        self, refusal: ApiError, *, at_once: float, at_once_each: int, most_waiting: int
    ) -> None:
        self._refusal = refusal
        self._at_once_each, self._most_waiting = at_once_each, most_waiting
        self._turns = CapacityLimiter(at_once)
        self._shares: dict[Hashable, CapacityLimiter] = {}  # of senders with something to run

    async def run(self, function: Callable[[], T], sender: Hashable = None) -> T:
        """Wait for a turn of the sender; return what the function returns, run in a thread.

        Raises:
            ApiError: `refusal`.
        """
        async with self.turn(sender):
            return await to_thread.run_sync(function, limiter=CapacityLimiter(1))

    @asynccontextmanager
    async def turn(self, sender: Hashable) -> AsyncIterator[None]:
        """Wait for a turn of the sender, and hold it until the end of the context.

        Raises:
            ApiError: `refusal`.
        """
        share = self._shares.setdefault(sender, CapacityLimiter(self._at_once_each))
        waiting = share.statistics().tasks_waiting
        seconds = TURN_SECONDS if waiting < self._most_waiting else 0
        try:
            async with _held((share, self._turns), seconds) as is_its_turn:
                if not is_its_turn:
                    raise type(self._refusal)(str(self._refusal))
                yield
        finally:
            if not share.borrowed_tokens and not share.statistics().tasks_waiting:
                self._shares.pop(sender, None)


@asynccontextmanager
async def _held(limiters: Sequence[CapacityLimiter], seconds: float) -> AsyncIterator[bool]:
    """Hold a token of each limiter, in this order; yield whether all were free in time."""
    borrower = object()
    with ExitStack() as held:
        with move_on_after(seconds) as wait:
            for limiter in limiters:
                await limiter.acquire_on_behalf_of(borrower)
                held.callback(limiter.release_on_behalf_of, borrower)
        yield not wait.cancelled_caught
