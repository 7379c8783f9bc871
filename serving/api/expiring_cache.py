"""A cache whose values expire."""

import time
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Generic, TypeVar

ValueT = TypeVar("ValueT")


class ExpiringCache(Generic[ValueT]):
    """Keeps each value for some seconds. When full, it drops the entry that was stored first.

    Args:
        seconds: lifetime of a value.
        size: largest number of entries.
        keeps_expired: whether an expired entry stays known until the cache is full; otherwise the
            next value that is stored drops it.
    """

    def __init__(self, seconds: float, size: int = 10_000, *, keeps_expired: bool = True) -> None:
        self._seconds = seconds
        self._keeps_expired = keeps_expired
        self._size = size
        self._entries: dict[Hashable, tuple[float, ValueT]] = {}
        self._writing = Lock()

    def get(self, key: Hashable, read: Callable[[], ValueT]) -> ValueT:
        """Return the key's value; call `read` if there is none or it has expired."""
        entry = self._entries.get(key)
        if entry is not None and time.monotonic() < entry[0]:
            return entry[1]
        return self.put(key, read())

    def peek(self, key: Hashable) -> ValueT | None:
        """Return the key's value, or None if there is none or it has expired."""
        entry = self._entries.get(key)
        return entry[1] if entry is not None and time.monotonic() < entry[0] else None

    def put(self, key: Hashable, value: ValueT) -> ValueT:
        """Store a value and return it."""
        with self._writing:
            self._entries.pop(key, None)
            if not self._keeps_expired:
                self._drop_expired()
            if len(self._entries) >= self._size:
                del self._entries[next(iter(self._entries))]
            self._entries[key] = (time.monotonic() + self._seconds, value)
        return value

    def drop(self, key: Hashable) -> None:
        """Remove the value of a key, if it has one."""
        with self._writing:
            self._entries.pop(key, None)

    def __contains__(self, key: Hashable) -> bool:
        """Return whether the key has a value, expired or not."""
        return key in self._entries

    def clear(self) -> None:
        """Remove all values."""
        with self._writing:
            self._entries.clear()

    def _drop_expired(self) -> None:
        now = time.monotonic()
        while self._entries:
            first = next(iter(self._entries))  # all have one lifetime: the first expires first
            if now < self._entries[first][0]:
                return
            del self._entries[first]
