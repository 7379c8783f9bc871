"""How often a key may ask: a bucket of one second's worth of requests for each, in memory.

Twelve lines, because the libraries for it keep a thread per bucket and do not say how long to wait.
"""

import time
from threading import Lock

from serving.errors import TooManyRequestsError

MOST_REMEMBERED = 10_000


class RateLimiter:
    """Counts each key's requests in this process.

    Args:
        per_second: so many a key may send; 0 is no limit.
    """

    def __init__(self, per_second: int) -> None:
        self._per_second = per_second
        self._paid_until: dict[str, float] = {}
        self._lock = Lock()

    def take(self, key: str) -> None:
        """Count one request.

        Raises:
            TooManyRequestsError: the key has to wait; never more than a second.
        """
        if self._per_second == 0:
            return
        now = time.monotonic()
        with self._lock:
            paid_until = max(self._paid_until.get(key, now), now) + 1 / self._per_second
            if paid_until - now > 1 + 1e-9:
                raise TooManyRequestsError(
                    f"The key asks more than {self._per_second} times a second."
                )
            if len(self._paid_until) >= MOST_REMEMBERED:
                self._paid_until.clear()  # somebody tries keys
            self._paid_until[key] = paid_until
