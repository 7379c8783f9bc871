"""Daily quotas of keys: events, users, changes, shown lists. Of users: events, shown lists.

Each process counts for itself, in memory, as it does for rate limits. Days are those of UTC.
"""

from collections import Counter, OrderedDict
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from threading import Lock
from typing import Literal

from serving.errors import QuotaExceededError

Kind = Literal["events", "users", "items", "attributes", "lists"]
_USED: dict[Kind, str] = {
    "events": "used its {:,} events",
    "users": "used its {:,} users",
    "items": "used its {:,} changes of items",
    "attributes": "used its {:,} changes of users' attributes",
    "lists": "used its {:,} lists",
}
MAX_USERS = 100_000  # number of users with a count; those counted the longest ago are dropped


class Quotas:
    """The counts of one day, by data set and key or user. A limit of 0 is no limit.

    `of_user` is the limit of each user, of events or of lists, from all keys.
    """

    def __init__(
        self,
        *,
        events: int,
        users: int,
        of_user: int = 0,
        items: int = 0,
        attributes: int = 0,
        lists: int = 0,
    ) -> None:
        self._limits: dict[Kind, int] = {
            "events": events,
            "users": users,
            "items": items,
            "attributes": attributes,
            "lists": lists,
        }
        self._limit_of_user = of_user
        self._counts = Counter[tuple[str, str, Kind]]()
        self._of_users = OrderedDict[tuple[str, str], int]()
        self._day = datetime.now(UTC).date()
        self._lock = Lock()

    def check(
        self, dataset: str, key_name: str, kind: Kind, user_id: str | None = None, *, after: int = 0
    ) -> None:
        """Check that the key has not used up its quota of today, nor has the user of an event.

        Raises:
            QuotaExceededError: as `refusal` returns it.
        """
        if refusal := self.refusal(dataset, key_name, kind, user_id, after=after):
            raise refusal

    def refusal(
        self, dataset: str, key_name: str, kind: Kind, user_id: str | None = None, *, after: int = 0
    ) -> QuotaExceededError | None:
        """Return why one more of a kind is refused, after some that are not counted yet.

        It has the seconds until the next day (UTC). None: it is not refused.
        """
        now = datetime.now(UTC)
        with self._lock:
            self._begin(now.date())
            n_of_key = self._counts[dataset, key_name, kind] + after
            n_of_user = 0 if user_id is None else self._of_users.get((dataset, user_id), 0)
        return self._refusal(key_name, kind, n_of_key, n_of_user, now)

    def count(
        self, dataset: str, key_name: str, kind: Kind, user_id: str | None = None, *, n: int = 1
    ) -> None:
        """Count what was committed; with `user_id` an event, which counts for its user too."""
        with self._lock:
            self._counts[dataset, key_name, kind] += n
            self._count_of_user(dataset, user_id, 1)

    def take(
        self, dataset: str, key_name: str, kind: Kind, n: int, user_id: str | None = None
    ) -> bool:
        """Count `n` of a kind, and return True, unless a quota of today is used up.

        It is that of the key or, with `user_id`, of the user.
        """
        with self._lock:
            self._begin(datetime.now(UTC).date())
            of_key = dataset, key_name, kind
            is_allowed = not self._limits[kind] or self._counts[of_key] < self._limits[kind]
            if is_allowed and user_id is not None and self._limit_of_user:
                is_allowed = self._of_users.get((dataset, user_id), 0) < self._limit_of_user
            if is_allowed:
                self._counts[of_key] += n
                self._count_of_user(dataset, user_id, n)
            return is_allowed

    def refusals(
        self, dataset: str, key_name: str, user_ids: Sequence[str]
    ) -> list[QuotaExceededError | None]:
        """Return for each event, by its user, in order: why it is refused, or None.

        Of the events before it, those that are not refused count.
        """
        now, refusals = datetime.now(UTC), list[QuotaExceededError | None]()
        with self._lock:
            self._begin(now.date())
            n_of_key = self._counts[dataset, key_name, "events"]
            n_of_user = {id_: self._of_users.get((dataset, id_), 0) for id_ in {*user_ids}}
        for user_id in user_ids:
            refusal = self._refusal(key_name, "events", n_of_key, n_of_user[user_id], now)
            refusals.append(refusal)
            if refusal is None:
                n_of_key += 1
                n_of_user[user_id] += 1
        return refusals

    def _refusal(
        self, key_name: str, kind: Kind, n_of_key: int, n_of_user: int, now: datetime
    ) -> QuotaExceededError | None:
        """Return why one more is refused after these; None: it is not."""
        limit = self._limits[kind]
        if limit and n_of_key >= limit:
            used = _USED[kind].format(limit)
            return _exceeded(f"The key {key_name!r} has {used} of today", now)
        if self._limit_of_user and n_of_user >= self._limit_of_user:
            return _exceeded(f"The user has had their {self._limit_of_user:,} events of today", now)
        return None

    def _count_of_user(self, dataset: str, user_id: str | None, n: int) -> None:
        if user_id is None or not self._limit_of_user:
            return
        of_user = (dataset, user_id)
        self._of_users[of_user] = self._of_users.get(of_user, 0) + n
        self._of_users.move_to_end(of_user)
        if len(self._of_users) > MAX_USERS:
            self._of_users.popitem(last=False)

    def _begin(self, today: date) -> None:
        if today != self._day:
            self._day = today
            self._counts.clear()
            self._of_users.clear()


def _exceeded(text: str, now: datetime) -> QuotaExceededError:
    midnight = datetime.combine(now.date() + timedelta(days=1), time(), UTC)
    return QuotaExceededError(f"{text} (UTC).", (midnight - now).total_seconds())
