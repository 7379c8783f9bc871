from collections import Counter

import anyio
import anyio.lowlevel
import httpx2
import pytest
from sqlalchemy import Engine

from serving.api import rate_limit
from serving.api.rate_limit import RateLimiter, Refusals
from serving.api.settings import ApiSettings
from serving.errors import ApiUnavailableError, ScopeMissingError, TooManyRequestsError
from tests.conftest import schema_of
from tests.support.serving.api_server import running_api
from tests.support.serving.problems import problem
from tests.support.serving.server import as_role


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

    limiter.take("one")  # its count was dropped: it was silent for longest
    with pytest.raises(TooManyRequestsError):
        limiter.take("three")


def test_trying_many_keys_does_not_reset_the_limit_of_an_active_key(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rate_limit, "CACHED_KEYS", 10)
    monkeypatch.setattr("serving.api.rate_limit.time.monotonic", lambda: 1000.0)
    limiter = RateLimiter(4)

    for tried in range(4):
        limiter.take("active")
        for other in range(9):
            limiter.take(f"{tried}-{other}")

    with pytest.raises(TooManyRequestsError):
        limiter.take("active")


@pytest.mark.usefixtures("published_shop")
def test_a_key_above_its_rate_limit_is_refused(
    owner: Engine, committing: str, product_http: httpx2.Client
) -> None:
    with running_api(as_role(committing, "api"), ApiSettings(requests_per_second=5)) as url:
        path = f"{url}/v1/{schema_of(owner)}/items"
        answers = [product_http.get(path) for _ in range(50)]
        other_key = httpx2.get(path, headers={"Authorization": "Bearer other"})

    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused
    assert sum(answer.status_code == 200 for answer in answers) >= 5
    assert problem(refused[0]).code == "too-many-requests"
    assert refused[0].headers["retry-after"] == "1"
    assert other_key.status_code == 401  # each key has a limit of its own


async def outcomes_of(refusals: Refusals, n_attempts: int, failure: Exception | None) -> list[str]:
    """Return how attempts of one address end that begin at the same time."""
    n_at_once, ended = 0, list[str]()

    async def attempt() -> None:
        nonlocal n_at_once
        try:
            async with refusals.attempt("address"):
                n_at_once += 1
                assert n_at_once == 1
                await anyio.lowlevel.checkpoint()
                n_at_once -= 1
                if failure is not None:
                    raise failure
        except (TooManyRequestsError, ApiUnavailableError, ScopeMissingError) as error:
            ended.append(type(error).__name__)
        else:
            ended.append("found")

    async with anyio.create_task_group() as tasks:
        for _ in range(n_attempts):
            tasks.start_soon(attempt)
    return ended


def test_lookups_that_fail_count_before_they_begin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("serving.api.rate_limit.time.monotonic", lambda: 1000.0)
    monkeypatch.setattr(rate_limit, "HELD_SECONDS", 0)
    refusals = Refusals(4)

    ended = anyio.run(outcomes_of, refusals, 10, ApiUnavailableError("Airflow is slow."))

    assert Counter(ended) == {"ApiUnavailableError": 4, "TooManyRequestsError": 6}
    with pytest.raises(TooManyRequestsError):
        anyio.run(refusals.check, "address")
    anyio.run(refusals.check, "other")


@pytest.mark.parametrize("failure", [None, ScopeMissingError("no operator")])
def test_lookups_that_find_a_user_do_not_count(failure: Exception | None) -> None:
    refusals = Refusals(4)

    for _ in range(5):
        ended = anyio.run(outcomes_of, refusals, 4, failure)
        assert ended == ["found" if failure is None else "ScopeMissingError"] * 4
