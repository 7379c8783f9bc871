import pytest

from serving.api import rate_limit
from serving.api.rate_limit import RateLimiter
from serving.errors import TooManyRequestsError


def test_a_key_may_send_one_seconds_worth_at_once_and_is_then_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 1000.0
    monkeypatch.setattr("serving.api.rate_limit.time.monotonic", lambda: now)
    limiter = RateLimiter(4)

    for _ in range(4):
        limiter.take("one")
    with pytest.raises(TooManyRequestsError, match="more than 4 requests per second"):
        limiter.take("one")
    limiter.take("other")

    now += 0.25
    limiter.take("one")
    with pytest.raises(TooManyRequestsError):
        limiter.take("one")

    now += 3600  # a pause does not raise the burst
    for _ in range(4):
        limiter.take("one")
    with pytest.raises(TooManyRequestsError):
        limiter.take("one")


def test_zero_means_no_limit() -> None:
    limiter = RateLimiter(0)

    for _ in range(10_000):
        limiter.take("one")


def test_the_number_of_cached_keys_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rate_limit, "CACHED_KEYS", 2)
    limiter = RateLimiter(1)

    for key in ("one", "two", "three"):
        limiter.take(key)

    limiter.take("one")  # its count was dropped
    with pytest.raises(TooManyRequestsError):
        limiter.take("three")
