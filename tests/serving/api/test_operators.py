"""Operators are users of Airflow, identified by their token from Airflow."""

import logging
from collections.abc import Callable, Iterator
from functools import partial

import anyio
import httpx2
import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from serving.client import Client
from serving.errors import (
    KeyRefusedError,
    NoWindowListsError,
    OperatorCheckUnavailableError,
    RequestRefusedError,
    RulesChangedError,
    ScopeMissingError,
)
from serving.schemas import Problem, SlateRules
from serving.storage import keys
from tests.conftest import schema_of
from tests.support.serving import shop
from tests.support.serving.airflow_users import ADA, VERA, AirflowUsers, token_of
from tests.support.serving.api_server import UNCACHED, running_api
from tests.support.serving.server import as_role

NOWHERE = "http://127.0.0.1:1"
CANARY = token_of("canary")  # unknown to Airflow
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
    with pytest.raises(RulesChangedError, match="Version 1 of the rules is active"):
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


def test_while_airflow_hangs_invented_tokens_do_not_hold_up_lists(
    users: AirflowUsers,
    publisher: Engine,
    product_http: httpx2.Client,
    api_url: str,
) -> None:
    """As many invented tokens as the API has threads wait for Airflow; a list does not."""
    shop.release(publisher, "one", instead_of=None)
    users.waiting.clear()
    root = f"{api_url}/v1/{schema_of(publisher)}"

    async def requests() -> httpx2.Response:
        async with httpx2.AsyncClient(timeout=10) as http, anyio.create_task_group() as invented:
            for n in range(8):
                headers = {"Authorization": f"Bearer {token_of(str(n))}"}
                invented.start_soon(partial(http.get, f"{root}/rules", headers=headers))
            await anyio.to_thread.run_sync(users.arrived.acquire)
            with anyio.fail_after(2):
                answer = await http.get(
                    f"{root}/users/u/recommendations", headers=product_http.headers
                )
            users.waiting.set()
        return answer

    assert anyio.run(requests).status_code == 200


def test_no_token_is_logged_or_answered(
    users: AirflowUsers, api_url: str, owner: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    root = f"{api_url}/v1/{schema_of(owner)}"
    answers = []
    for failing in (None, (500, b""), (200, b"no")):
        users.failing = failing
        for token in (ADA, VERA, CANARY):
            headers = {"Authorization": f"Bearer {token}"}
            answers.append(httpx2.get(f"{root}/rules", headers=headers).text)
            answers.append(httpx2.put(f"{root}/rules", headers=headers, json={}).text)

    assert users.requested
    for token in (ADA, VERA, CANARY):
        assert not any(token in text for text in (*answers, caplog.text))


def test_an_unknown_data_set_is_a_problem(api_url: str) -> None:
    answer = httpx2.get(f"{api_url}/v1/no_such/rules", headers={"Authorization": f"Bearer {ADA}"})

    assert (answer.status_code, answer.json()["code"]) == (404, "unknown-dataset")
