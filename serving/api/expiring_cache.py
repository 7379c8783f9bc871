"""A cache whose values expire."""

import time
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

ValueT = TypeVar("ValueT")


class ExpiringCache(Generic[ValueT]):
    """Keeps each value for some seconds. When full, it is emptied: many keys are being tried."""

    def __init__(self, seconds: float, size: int = 10_000) -> None:
        self._seconds = seconds
        self._size = size
        self._entries: dict[Hashable, tuple[float, ValueT]] = {}

    def get(self, key: Hashable, read: Callable[[], ValueT]) -> ValueT:
        """Return the key's value; call `read` if there is none or it has expired."""
        now = time.monotonic()
        entry = self._entries.get(key)
        if entry is not None and now < entry[0]:
            return entry[1]
        value = read()
        if len(self._entries) >= self._size:
            self._entries.clear()
        self._entries[key] = (now + self._seconds, value)
        return value
