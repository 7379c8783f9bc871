import pytest

from serving.api import rate_limit
from serving.api.rate_limit import RateLimiter
from serving.errors import TooManyRequestsError


def test_a_key_may_ask_a_seconds_worth_at_once_and_then_has_to_wait(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 1000.0
    monkeypatch.setattr("serving.api.rate_limit.time.monotonic", lambda: now)
    asking = RateLimiter(4)

    for _ in range(4):
        asking.take("one")
    with pytest.raises(TooManyRequestsError, match="more than 4 requests per second"):
        asking.take("one")
    asking.take("other")

    now += 0.25
    asking.take("one")
    with pytest.raises(TooManyRequestsError):
        asking.take("one")

    now += 3600  # and saves nothing up
    for _ in range(4):
        asking.take("one")
    with pytest.raises(TooManyRequestsError):
        asking.take("one")


def test_nothing_is_no_limit() -> None:
    asking = RateLimiter(0)

    for _ in range(10_000):
        asking.take("one")


def test_no_more_than_some_keys_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rate_limit, "CACHED_KEYS", 2)
    asking = RateLimiter(1)

    for key in ("one", "two", "three"):
        asking.take(key)

    asking.take("one")  # forgotten, so it may ask
    with pytest.raises(TooManyRequestsError):
        asking.take("three")
