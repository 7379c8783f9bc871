import time

import pytest

from dashboards.console.signing_in import attempts
from dashboards.console.signing_in.attempts import ADDRESS, NAME, PAIR, Attempts


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
    fail(tried, PAIR.free - 1)
    waits = [tried.wait_seconds("ada", "10.0.0.1")]
    for _ in range(8):
        fail(tried, 1)
        waits.append(tried.wait_seconds("ada", "10.0.0.1"))

    assert waits == [0, 2, 4, 8, 16, 32, 60, 60, 60]
    assert max(waits) == PAIR.longest_seconds


@pytest.mark.usefixtures("clock")
def test_failures_at_another_address_lock_no_user_out() -> None:
    tried = Attempts()
    fail(tried, PAIR.free)

    assert tried.wait_seconds("ADA", "10.0.0.1") == 2
    assert tried.wait_seconds("ada", "10.0.0.2") == 0
    assert tried.wait_seconds("bo", "10.0.0.1") == 0


@pytest.mark.usefixtures("clock")
def test_an_address_waits_after_failures_with_many_names() -> None:
    tried = Attempts()
    for n in range(ADDRESS.free + 9):
        fail(tried, 1, name=f"user {n}")

    assert tried.wait_seconds("ada", "10.0.0.1") == ADDRESS.longest_seconds
    assert tried.wait_seconds("ada", "10.0.0.2") == 0


@pytest.mark.usefixtures("clock")
def test_a_name_waits_a_little_after_failures_at_many_addresses() -> None:
    tried = Attempts()
    waits = []
    for n in range(NAME.free + 9):
        waits.append(tried.wait_seconds("ada", "10.0.0.1"))
        fail(tried, 1, address=f"10.0.1.{n}")

    assert set(waits[: NAME.free]) == {0}
    assert waits[-1] == NAME.longest_seconds == 5
    assert tried.wait_seconds("bo", "10.0.0.1") == 0


def test_a_wait_ends_and_failures_are_forgotten_after_an_hour(clock: list[float]) -> None:
    tried = Attempts()
    fail(tried, PAIR.free)

    clock[0] += 2
    assert tried.wait_seconds("ada", "10.0.0.1") == 0
    clock[0] += attempts.FORGOTTEN_SECONDS
    fail(tried, 1)
    assert tried.wait_seconds("ada", "10.0.0.1") == 0


@pytest.mark.usefixtures("clock")
def test_a_sign_in_forgets_the_failures() -> None:
    tried = Attempts()
    fail(tried, PAIR.free)
    tried.succeeded("ada", "10.0.0.1")

    assert tried.wait_seconds("ada", "10.0.0.1") == 0


@pytest.mark.usefixtures("clock")
def test_the_number_of_kept_names_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "MOST_KEPT", 6)
    tried = Attempts()
    fail(tried, PAIR.free)
    for n in range(3):
        fail(tried, 1, str(n), str(n))

    assert tried.wait_seconds("ada", "10.0.0.1") == 0  # it failed longest ago


@pytest.mark.usefixtures("clock")
def test_attempts_at_the_same_moment_are_allowed_no_more_often_than_in_turn() -> None:
    tried = Attempts()

    waits = [tried.begin("ada", "10.0.0.1") for _ in range(PAIR.free + 3)]

    assert waits == [0] * PAIR.free + [2] * 3


@pytest.mark.usefixtures("clock")
def test_an_attempt_without_an_answer_does_not_count() -> None:
    tried = Attempts()
    fail(tried, PAIR.free - 1)
    for _ in range(3):
        assert tried.begin("ada", "10.0.0.1") == 0
        tried.withdraw("ada", "10.0.0.1")

    assert tried.begin("ada", "10.0.0.1") == 0
    assert tried.begin("ada", "10.0.0.1") == 2
