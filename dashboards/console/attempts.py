"""Sign-in attempts: after some failures, a name and an address must wait longer and longer."""

import math
import time
from collections import OrderedDict
from threading import Lock

FREE = 5  # failures before the first wait
FIRST_SECONDS, LONGEST_SECONDS = 2.0, 60.0
FORGOTTEN_SECONDS = 3600.0  # after the last failure
MOST_KEPT = 10_000


class Attempts:
    """The failed sign-ins of this process, by name and by address."""

    def __init__(self) -> None:
        self._failures: OrderedDict[str, tuple[int, float]] = OrderedDict()  # number, last time
        self._lock = Lock()

    def wait_seconds(self, name: str, address: str) -> int:
        """Return the whole seconds until the next attempt; 0 if it is allowed now."""
        now = time.monotonic()
        with self._lock:
            waits = [self._allowed_at(key) - now for key in _keys(name, address)]
        return max(0, math.ceil(max(waits)))

    def failed(self, name: str, address: str) -> None:
        """Record a failure."""
        now = time.monotonic()
        with self._lock:
            for key in _keys(name, address):
                n_failures, at = self._failures.pop(key, (0, now))
                n_before = n_failures if now - at < FORGOTTEN_SECONDS else 0
                self._failures[key] = (n_before + 1, now)
                if len(self._failures) > MOST_KEPT:
                    self._failures.popitem(last=False)

    def succeeded(self, name: str, address: str) -> None:
        """Forget the failures of a name and an address."""
        with self._lock:
            for key in _keys(name, address):
                self._failures.pop(key, None)

    def _allowed_at(self, key: str) -> float:
        n_failures, at = self._failures.get(key, (0, 0.0))
        n_waits = n_failures - FREE
        if n_waits < 0:
            return 0.0
        return at + min(FIRST_SECONDS * 2.0 ** min(n_waits, 10), LONGEST_SECONDS)


def _keys(name: str, address: str) -> tuple[str, str]:
    return f"name {name.casefold()}", f"address {address}"
