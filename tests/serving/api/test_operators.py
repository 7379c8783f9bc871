"""Operators are users of Airflow, identified by their token from Airflow."""

import logging
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx2
import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from serving.api.operators import CONCURRENT_LOOKUPS, OperatorCaller, Operators
from serving.api.rate_limit import RateLimiter
from serving.client import Client
from serving.errors import (
    KeyRefusedError,
    NoWindowListsError,
    OperatorCheckUnavailableError,
    OperatorsNotConfiguredError,
    RequestRefusedError,
    RulesChangedError,
    ScopeMissingError,
    TooManyRequestsError,
)
from serving.schemas import Problem, SlateRules
from serving.storage import keys
from tests.conftest import schema_of
from tests.support.serving import shop
from tests.support.serving.airflow_users import ADA, VERA, AirflowUsers
from tests.support.serving.api_server import UNCACHED, running_api
from tests.support.serving.server import as_role

NOWHERE = "http://127.0.0.1:1"
RULES = SlateRules(hide=("a",))
Connected = Callable[[str], Client]


@pytest.fixture
def users() -> AirflowUsers:
    return AirflowUsers()


@pytest.fixture
def airflow(users: AirflowUsers) -> Iterator[str]:
    with users.served() as url:
        yield url


@pytest.fixture
def api_url(owner: Engine, committing: str, airflow: str) -> Iterator[str]:
    """The URL of an API that serves only this test's schema and caches no operators."""
    own = {"datasets": (schema_of(owner),), "airflow_url": airflow, "operator_cache_seconds": 0}
    with running_api(as_role(committing, "api"), UNCACHED.model_copy(update=own)) as url:
        yield url


@pytest.fixture
def connected(api_url: str, owner: Engine) -> Iterator[Connected]:
    """A function that returns a client with this token or key."""
    with httpx2.Client(base_url=api_url, timeout=10) as http:

        def connect(token: str) -> Client:
            http.headers["Authorization"] = f"Bearer {token}"
            return Client(http, schema_of(owner))

        yield connect


def test_an_operator_replaces_rules_under_their_own_name(connected: Connected) -> None:
    ada = connected(ADA)
    assert ada.rules().version == 0

    version = ada.replace_rules(RULES, instead_of=0, reason="festival week")

    assert (version.version, version.actor, version.reason) == (1, "ada", "festival week")
    assert ada.rules() == version
    assert ada.rules_history() == [version]
    with pytest.raises(RulesChangedError, match="Version 1 is in force"):
        ada.replace_rules(RULES, instead_of=0, reason="the same again")
    with pytest.raises(NoWindowListsError):
        ada.preview_rules(RULES)
    with pytest.raises(RequestRefusedError, match="reason"):
        ada.replace_rules(RULES, instead_of=1, reason="")


def rule_requests(client: Client) -> list[Callable[[], object]]:
    return [
        client.rules,
        client.rules_history,
        lambda: client.preview_rules(RULES),
        lambda: client.replace_rules(RULES, instead_of=0, reason="x"),
    ]


def test_a_viewer_cannot_read_or_change_rules(connected: Connected, api: Engine) -> None:
    for request in rule_requests(connected(VERA)):
        with pytest.raises(ScopeMissingError, match="'vera' is not an operator"):
            request()
    assert shop.rows(api, "select count(*) from rules") == [(0,)]


@pytest.mark.parametrize("token", ["nobody.has.it", "a b", "a\tb", "ü", "=", "x" * 9000])
def test_an_unknown_token_is_refused(api_url: str, owner: Engine, token: str) -> None:
    path = f"{api_url}/v1/{schema_of(owner)}/rules"

    answer = httpx2.get(path, headers={b"Authorization": f"Bearer {token}".encode()})

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert Problem.model_validate_json(answer.content).code == "key-refused"


@pytest.mark.parametrize("token", ["ü", "a b", "==", "", "a\n"])
def test_an_invalid_token_is_not_sent_to_airflow(token: str) -> None:
    operators = Operators(NOWHERE, 0)
    with pytest.raises(KeyRefusedError, match="not an Airflow token"):
        operators.name(token)
    operators.close()


def test_an_expired_token_is_refused(users: AirflowUsers, connected: Connected) -> None:
    ada = connected(ADA)
    ada.rules()
    users.users.clear()

    for request in rule_requests(ada):
        with pytest.raises(KeyRefusedError, match="sign in again"):
            request()


def test_a_products_key_cannot_use_rules_and_an_operators_token_cannot_read_lists(
    publisher: Engine, owner: Engine, connected: Connected
) -> None:
    shop.release(publisher, "one", instead_of=None)
    with Session(owner) as session, session.begin():
        key = keys.create(session, "everything", ["read", "feedback", "operate"])

    for request in rule_requests(connected(key)):
        with pytest.raises(KeyRefusedError):
            request()
    assert connected(key).set_availability(["a", "zz"], available=False) == 1
    ada = connected(ADA)
    for request in (
        lambda: ada.recommendations("u"),
        lambda: ada.set_availability(["a"], available=True),
        lambda: ada.rate("u", "a", 5),
    ):
        with pytest.raises(KeyRefusedError):
            request()


def test_availability_needs_the_scope_operate(
    publisher: Engine, product: Client, owner: Engine
) -> None:
    shop.release(publisher, "one", instead_of=None)

    with pytest.raises(ScopeMissingError, match="no scope 'operate'"):
        product.set_availability(["a"], available=False)

    assert shop.rows(owner, "select count(*) from unavailable_items") == [(0,)]


@pytest.mark.parametrize(
    "failing", [(500, b""), (404, b"{}"), (302, b""), (200, b"<html>"), (200, b'{"username": 1}')]
)
def test_an_unexpected_answer_of_airflow_signs_nobody_in(
    users: AirflowUsers, connected: Connected, failing: tuple[int, bytes]
) -> None:
    ada = connected(ADA)
    users.failing = failing

    with pytest.raises(OperatorCheckUnavailableError, match=r"Airflow.*Lists are served meanwhile"):
        ada.rules()


def test_while_airflow_is_down_rules_are_unavailable_and_lists_are_served(
    publisher: Engine, owner: Engine, committing: str, product_http: httpx2.Client
) -> None:
    shop.release(publisher, "one", instead_of=None)
    with running_api(
        as_role(committing, "api"), UNCACHED.model_copy(update={"airflow_url": NOWHERE})
    ) as url:
        root = f"{url}/v1/{schema_of(owner)}"
        answer = product_http.get(f"{root}/rules", headers={"Authorization": f"Bearer {ADA}"})
        listed = product_http.get(f"{root}/users/u/recommendations")

    assert (answer.status_code, answer.json()["code"]) == (503, "operator-check-unavailable")
    assert answer.headers["retry-after"]
    assert listed.status_code == 200


def test_an_api_without_the_address_of_airflow_has_no_operators(
    owner: Engine, committing: str
) -> None:
    with running_api(as_role(committing, "api")) as url:
        headers = {"Authorization": f"Bearer {ADA}"}
        answer = httpx2.get(f"{url}/v1/{schema_of(owner)}/rules", headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (503, "operators-not-configured")
    with pytest.raises(OperatorsNotConfiguredError):
        Operators(None, 60).name(ADA)


def test_an_operator_is_cached_for_the_configured_time(
    users: AirflowUsers, airflow: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    operators = Operators(airflow, seconds=60)
    assert operators.name(ADA) == "ada"
    users.users.clear()

    now[0] += 59
    assert operators.name(ADA) == "ada"
    assert users.requested == ["/ui/auth/me", "/api/v2/connections"]
    now[0] += 2
    with pytest.raises(KeyRefusedError):
        operators.name(ADA)
    operators.close()


def test_a_refusal_is_not_cached(users: AirflowUsers, airflow: str) -> None:
    operators = Operators(airflow, seconds=60)
    with pytest.raises(KeyRefusedError):
        operators.name("token.of.bo")

    users.users["token.of.bo"] = "ada"

    assert operators.name("token.of.bo") == "ada"
    operators.close()


def test_while_airflow_hangs_only_a_few_lookups_wait(users: AirflowUsers, airflow: str) -> None:
    operators = Operators(airflow, seconds=0)
    users.waiting.clear()
    with ThreadPoolExecutor(CONCURRENT_LOOKUPS) as threads:
        waiting = [threads.submit(operators.name, ADA) for _ in range(CONCURRENT_LOOKUPS)]
        assert all(users.arrived.acquire(timeout=10) for _ in range(CONCURRENT_LOOKUPS))
        with pytest.raises(OperatorCheckUnavailableError, match="Too many tokens"):
            operators.name(ADA)
        users.waiting.set()
        assert [lookup.result() for lookup in waiting] == ["ada"] * CONCURRENT_LOOKUPS
    assert operators.name(ADA) == "ada"
    operators.close()


def test_the_rate_limit_of_operators_applies_before_the_lookup(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(time, "monotonic", lambda: 1000.0)
    caller = caller_with(ADA)

    for expected in (OperatorsNotConfiguredError, TooManyRequestsError):
        with pytest.raises(expected), caller.connection():
            pass


def caller_with(token: str) -> OperatorCaller:
    """Return a caller with a limit of one request per second and no address of Airflow."""
    datasets: object = None
    return OperatorCaller(datasets, Operators(None, 0), RateLimiter(1), "shop", token)  # type: ignore[arg-type] # not used


def test_no_token_is_logged_or_answered(
    users: AirflowUsers, api_url: str, owner: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    root = f"{api_url}/v1/{schema_of(owner)}"
    answers = []
    for failing in (None, (500, b""), (200, b"no")):
        users.failing = failing
        for token in (ADA, VERA, "canary.of.mine"):
            headers = {"Authorization": f"Bearer {token}"}
            answers.append(httpx2.get(f"{root}/rules", headers=headers).text)
            answers.append(httpx2.put(f"{root}/rules", headers=headers, json={}).text)

    assert users.requested
    for token in (ADA, VERA, "canary.of.mine"):
        assert not any(token in text for text in (*answers, caplog.text))


def test_the_token_is_not_in_the_repr_of_the_caller() -> None:
    assert ADA not in repr(caller_with(ADA))


def test_an_unknown_data_set_is_a_problem(api_url: str) -> None:
    answer = httpx2.get(f"{api_url}/v1/no_such/rules", headers={"Authorization": f"Bearer {ADA}"})

    assert (answer.status_code, answer.json()["code"]) == (404, "unknown-dataset")
