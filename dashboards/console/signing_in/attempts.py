"""Sign-in attempts: after some failures, further ones must wait longer and longer.

Failures count for a name at an address, for the address, and for the name at any address. The last
limit is loose, and its waits are short: anybody can fail in the name of another user.
"""

import math
import time
from collections import OrderedDict
from dataclasses import dataclass
from threading import RLock

FIRST_SECONDS = 2.0
FORGOTTEN_SECONDS = 3600.0  # after the last failure
MOST_KEPT = 10_000


@dataclass(frozen=True)
class Limit:
    """Failures before the first wait, and the longest wait."""

    free: int
    longest_seconds: float


PAIR = Limit(5, 60.0)  # a name at an address
ADDRESS = Limit(20, 60.0)
NAME = Limit(50, 5.0)
_Key = tuple[str, ...]


class Attempts:
    """The failed sign-ins of this process, by name and by address."""

    def __init__(self) -> None:
        self._failures: OrderedDict[_Key, tuple[int, float]] = OrderedDict()  # number, last time
        self._lock = RLock()

    def begin(self, name: str, address: str) -> int:
        """Begin an attempt: it counts as a failure until it ends otherwise.

        Else attempts that run at the same moment would all be allowed. Return the whole seconds
        until the next attempt if this one is not allowed, else 0.
        """
        with self._lock:
            seconds = self.wait_seconds(name, address)
            if not seconds:
                self.failed(name, address)
        return seconds

    def wait_seconds(self, name: str, address: str) -> int:
        """Return the whole seconds until the next attempt; 0 if it is allowed now."""
        now = time.monotonic()
        with self._lock:
            waits = [self._allowed_at(*key) - now for key in _limits(name, address).items()]
        return max(0, math.ceil(max(waits)))

    def failed(self, name: str, address: str) -> None:
        """Record a failure."""
        now = time.monotonic()
        with self._lock:
            for key in _limits(name, address):
                n_failures, at = self._failures.pop(key, (0, now))
                n_before = n_failures if now - at < FORGOTTEN_SECONDS else 0
                self._failures[key] = (n_before + 1, now)
                if len(self._failures) > MOST_KEPT:
                    self._failures.popitem(last=False)

    def withdraw(self, name: str, address: str) -> None:
        """Forget one failure: the attempt ended without an answer about the password."""
        with self._lock:
            for key in _limits(name, address):
                n_failures, at = self._failures.get(key, (0, 0.0))
                if n_failures > 1:
                    self._failures[key] = (n_failures - 1, at)
                else:
                    self._failures.pop(key, None)

    def succeeded(self, name: str, address: str) -> None:
        """Forget the failures of a name and an address."""
        with self._lock:
            for key in _limits(name, address):
                self._failures.pop(key, None)

    def _allowed_at(self, key: _Key, limit: Limit) -> float:
        n_failures, at = self._failures.get(key, (0, 0.0))
        n_waits = n_failures - limit.free
        if n_waits < 0:
            return 0.0
        return at + min(FIRST_SECONDS * 2.0 ** min(n_waits, 10), limit.longest_seconds)


def _limits(name: str, address: str) -> dict[_Key, Limit]:
    name = name.casefold()
    return {
        ("both", name, address): PAIR,
        ("address", address): ADDRESS,
        ("name", name): NAME,
    }
