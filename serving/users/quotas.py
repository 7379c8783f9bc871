"""Daily quotas of each key: how many events it may send, and how many users it may create.

Each process counts for itself, in memory, as it does for rate limits. Days are those of UTC.
"""

from collections import Counter
from datetime import UTC, datetime, time, timedelta
from threading import Lock
from typing import Literal

from serving.errors import QuotaExceededError

Kind = Literal["events", "users"]


class Quotas:
    """The counts of one day, by data set, key and kind. A limit of 0 is no limit."""

    def __init__(self, *, events: int, users: int) -> None:
        self._limits: dict[Kind, int] = {"events": events, "users": users}
        self._counts = Counter[tuple[str, str, Kind]]()
        self._day = datetime.now(UTC).date()
        self._lock = Lock()

    def check(self, dataset: str, key_name: str, kind: Kind) -> None:
        """Check that the key has not used up its quota of today.

        Raises:
            QuotaExceededError: it has; with the seconds until the next day (UTC).
        """
        now, limit = datetime.now(UTC), self._limits[kind]
        with self._lock:
            if now.date() != self._day:
                self._day = now.date()
                self._counts.clear()
            used_up = limit and self._counts[dataset, key_name, kind] >= limit
        if used_up:
            midnight = datetime.combine(now.date() + timedelta(days=1), time(), UTC)
            raise QuotaExceededError(
                f"The key {key_name!r} has used its {limit:,} {kind} of today (UTC).",
                (midnight - now).total_seconds(),
            )

    def count(self, dataset: str, key_name: str, kind: Kind) -> None:
        """Count one event or new user that was committed."""
        with self._lock:
            self._counts[dataset, key_name, kind] += 1
