"""Lookups of operators in Airflow: what is asked, how often, and how many at once."""

import time
from collections.abc import Iterator

import anyio
import pytest

from serving.api import operators as of_airflow
from serving.api.operators import MOST_LOOKUPS, Operators
from serving.errors import (
    KeyRefusedError,
    OperatorCheckUnavailableError,
    OperatorsNotConfiguredError,
    ScopeMissingError,
)
from tests.support.serving.airflow_users import ADA, VERA, AirflowUsers, token_of

NOWHERE = "http://127.0.0.1:1"
BO = token_of("bo")  # unknown to Airflow


@pytest.fixture
def users() -> AirflowUsers:
    return AirflowUsers()


@pytest.fixture
def airflow(users: AirflowUsers) -> Iterator[str]:
    with users.served() as url:
        yield url


@pytest.mark.parametrize(
    "token", ["ü", "a b", "==", "", "a\n", "nobody.has.it", f"{ADA}.x", f"{'x' * 9000}.y.z"]
)
def test_an_invalid_token_is_not_sent_to_airflow(token: str) -> None:
    with pytest.raises(KeyRefusedError, match="not an Airflow token"):
        name_of(token, Operators(NOWHERE, 0))


def test_an_operator_is_cached_for_the_configured_time(
    users: AirflowUsers, airflow: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    operators = Operators(airflow, seconds=60)
    assert name_of(ADA, operators) == "ada"
    users.users.clear()

    now[0] += 59
    assert name_of(ADA, operators) == "ada"
    assert users.requested == ["/ui/auth/me", "/api/v2/connections"]
    now[0] += 2
    with pytest.raises(KeyRefusedError):
        name_of(ADA, operators)
    operators.close()


@pytest.mark.parametrize(("token", "refusal"), [(BO, KeyRefusedError), (VERA, ScopeMissingError)])
def test_a_refusal_is_cached_for_the_configured_time(
    users: AirflowUsers,
    airflow: str,
    monkeypatch: pytest.MonkeyPatch,
    token: str,
    refusal: type[Exception],
) -> None:
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    operators = Operators(airflow, seconds=60)
    with pytest.raises(refusal):
        name_of(token, operators)
    n_requests = len(users.requested)

    users.users[token] = "ada"
    with pytest.raises(refusal):
        name_of(token, operators)
    assert len(users.requested) == n_requests
    now[0] += 61
    assert name_of(token, operators) == "ada"
    operators.close()


def test_an_expired_token_is_refused_without_asking_airflow(
    users: AirflowUsers, airflow: str
) -> None:
    with pytest.raises(KeyRefusedError, match="has expired"):
        name_of(token_of("ada", expires_at=1_000_000), Operators(airflow, seconds=0))
    assert not users.requested


@pytest.mark.parametrize("threads", [1, 2, 4, 16])
def test_fewer_lookups_run_than_the_api_has_threads(threads: int) -> None:
    assert Operators(None, 0, threads).most_lookups < max(threads, 2)


def test_while_airflow_hangs_only_a_few_lookups_wait(
    users: AirflowUsers, airflow: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    operators = Operators(airflow, seconds=0)
    users.waiting.clear()

    async def look_up() -> None:
        async with anyio.create_task_group() as lookups:
            for _ in range(MOST_LOOKUPS):
                lookups.start_soon(operators.operator, ADA)
            await anyio.to_thread.run_sync(users.arrived.acquire)
            with pytest.raises(OperatorCheckUnavailableError, match="Too many tokens") as refused:
                await operators.operator(ADA)
            assert refused.value.title == "Operators cannot be checked now"
            users.waiting.set()

    monkeypatch.setattr(of_airflow, "TIMEOUT_SECONDS", 0.2)
    anyio.run(look_up)
    assert name_of(ADA, operators) == "ada"
    operators.close()


def name_of(token: str, operators: Operators) -> str:
    """Return the name of the operator with this token."""
    return anyio.run(operators.operator, token).name


def test_without_the_address_of_airflow_there_are_no_operators() -> None:
    with pytest.raises(OperatorsNotConfiguredError):
        name_of(ADA, Operators(None, 60))
