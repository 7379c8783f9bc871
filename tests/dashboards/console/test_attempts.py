import time

import pytest

from dashboards.console import attempts
from dashboards.console.attempts import FREE, LONGEST_SECONDS, Attempts


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


def fail(tried: Attempts, times: int, name: str = "ada", address: str = "10.0.0.1") -> None:
    for _ in range(times):
        tried.failed(name, address)


@pytest.mark.usefixtures("clock")
def test_waits_double_after_the_free_attempts_up_to_a_minute() -> None:
    tried = Attempts()
    fail(tried, FREE - 1)
    waits = [tried.wait_seconds("ada", "10.0.0.1")]
    for _ in range(8):
        fail(tried, 1)
        waits.append(tried.wait_seconds("ada", "10.0.0.1"))

    assert waits == [0, 2, 4, 8, 16, 32, 60, 60, 60]
    assert max(waits) == LONGEST_SECONDS


@pytest.mark.usefixtures("clock")
def test_a_name_waits_at_every_address_and_an_address_with_every_name() -> None:
    tried = Attempts()
    fail(tried, FREE)

    assert tried.wait_seconds("ADA", "10.0.0.2") == 2
    assert tried.wait_seconds("bo", "10.0.0.1") == 2
    assert tried.wait_seconds("bo", "10.0.0.2") == 0


def test_a_wait_ends_and_failures_are_forgotten_after_an_hour(clock: list[float]) -> None:
    tried = Attempts()
    fail(tried, FREE)

    clock[0] += 2
    assert tried.wait_seconds("ada", "10.0.0.1") == 0
    clock[0] += attempts.FORGOTTEN_SECONDS
    fail(tried, 1)
    assert tried.wait_seconds("ada", "10.0.0.1") == 0


@pytest.mark.usefixtures("clock")
def test_a_sign_in_forgets_the_failures() -> None:
    tried = Attempts()
    fail(tried, FREE)
    tried.succeeded("ada", "10.0.0.1")

    assert tried.wait_seconds("ada", "10.0.0.1") == 0


@pytest.mark.usefixtures("clock")
def test_the_number_of_kept_names_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "MOST_KEPT", 4)
    tried = Attempts()
    fail(tried, FREE)
    for n in range(3):
        fail(tried, 1, str(n), str(n))

    assert tried.wait_seconds("ada", "10.0.0.1") == 0  # it failed longest ago
