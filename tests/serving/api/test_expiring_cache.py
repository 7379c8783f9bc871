import time
from itertools import count

import pytest

from serving.api.expiring_cache import ExpiringCache


def test_a_value_is_read_again_when_it_has_expired(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    cache = ExpiringCache[int](seconds=60)
    values = count()

    assert [cache.get("key", lambda: next(values)) for _ in range(2)] == [0, 0]
    assert cache.get("another key", lambda: next(values)) == 1
    now += 59
    assert cache.get("key", lambda: next(values)) == 0
    now += 1
    assert cache.get("key", lambda: next(values)) == 2


def test_an_error_is_not_cached() -> None:
    cache = ExpiringCache[int](seconds=60)

    with pytest.raises(ZeroDivisionError):
        cache.get("key", lambda: 1 // 0)

    assert cache.get("key", lambda: 7) == 7


def test_a_full_cache_drops_its_oldest_entry_only() -> None:
    cache = ExpiringCache[int](seconds=60, size=2)
    for key in range(3):
        cache.get(key, lambda: 1)

    assert (cache.peek(0), cache.peek(1), cache.peek(2)) == (None, 1, 1)


def test_an_expired_entry_is_known_but_has_no_value() -> None:
    cache = ExpiringCache[int](seconds=0)
    cache.put("key", 1)

    assert cache.peek("key") is None
    assert "key" in cache
    cache.drop("key")
    assert "key" not in cache


def test_expired_entries_are_dropped_if_the_cache_does_not_keep_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 1000.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    cache = ExpiringCache[int](seconds=60, keeps_expired=False)
    for key in range(3):
        cache.put(key, key)
        now += 25

    cache.put(3, 3)

    assert [key in cache for key in range(4)] == [False, True, True, True]
