"""Who calls is checked before what they ask: before the body and the data set's name."""

import json
import re
from collections.abc import Callable
from functools import partial
from typing import Any

import anyio
import httpx2
import pytest
from fastapi import APIRouter, FastAPI
from fastapi.testclient import TestClient
from pydantic import SecretStr, ValidationError
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session
from starlette.types import Message

from serving.api import rate_limit
from serving.api.access import GuardedRoute
from serving.api.app import create_app
from serving.api.authentication import KeyCache
from serving.api.settings import ApiSettings
from serving.schemas import Availability
from serving.storage import keys
from serving.storage.database import ServingSettings
from tests.conftest import schema_of
from tests.support.serving.api_server import UNCACHED, running_api
from tests.support.serving.problems import problem
from tests.support.serving.server import as_role

AWAY = "postgresql+psycopg2://api:canary@127.0.0.1:1/lantern"
PUBLIC = {"/health", "/ready", "/metrics", "/openapi.json"}
NEEDS = {"read", "feedback", "catalogue", "operate", "any key", "operator", "viewer"}
LIMITED = UNCACHED.model_copy(update={"refusals_per_second": 3, "key_cache_seconds": 60})
WRONG = {"Authorization": "Bearer wrong"}


@pytest.fixture
def app() -> FastAPI:
    """The API without a database: what it answers, it answers before it asks Postgres."""
    return create_app(ServingSettings(database_url=SecretStr(AWAY)), ApiSettings())


def test_every_route_but_the_public_ones_declares_who_may_call_it(app: FastAPI) -> None:
    routes: list[Any] = list(app.routes)

    assert {route.path for route in routes if not isinstance(route, GuardedRoute)} == PUBLIC
    for route in routes:
        if isinstance(route, GuardedRoute):
            assert route.path.startswith("/v1/{dataset:dataset}")
            assert route.needs.access in NEEDS


def test_a_route_without_a_declaration_cannot_be_created() -> None:
    router = APIRouter(route_class=GuardedRoute)

    with pytest.raises(TypeError, match="forgotten must declare who may call it"):

        @router.put("/v1/{dataset}/x")
        def forgotten(dataset: str) -> str:
            return dataset


def test_without_a_key_every_route_is_refused_before_its_body_is_read(app: FastAPI) -> None:
    async def requests() -> None:
        for route in app.routes:
            if isinstance(route, GuardedRoute):
                path = re.sub(r"\{\w+\}", "%FF", route.path_format.replace("{dataset}", "x"))
                for method in route.methods:
                    assert await status(app, method, path) in {401, 429}, (method, path)

    anyio.run(requests)


async def status(app: FastAPI, method: str, path: str) -> int:
    """Return the status of a request whose body must not be read."""
    statuses: list[int] = []

    async def receive() -> Message:
        raise AssertionError("the body is read")

    async def send(message: Message) -> None:
        statuses.extend([message["status"]] if "status" in message else [])

    headers = [(b"host", b"localhost"), (b"transfer-encoding", b"chunked")]
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"limit=%FF",
        "headers": headers,
        "client": ("127.0.0.1", 1),
    }
    await app(scope, receive, send)
    return statuses[0]


def test_the_name_of_a_data_set_is_not_revealed_without_its_key(
    http: httpx2.Client, owner: Engine
) -> None:
    served, unknown = schema_of(owner), "no_such_shop"
    for headers in ({"Authorization": ""}, WRONG):
        answers = [http.get(f"/v1/{name}/items", headers=headers) for name in (served, unknown)]
        details = [(answer.status_code, problem(answer).detail) for answer in answers]
        assert details[0] == details[1]
        assert details[0][0] == 401


def test_the_scope_is_checked_before_the_body(http: httpx2.Client, owner: Engine) -> None:
    answer = http.put(f"/v1/{schema_of(owner)}/availability", content=b"x" * 100_000)

    assert problem(answer).code == "scope-missing"


@pytest.mark.parametrize(
    ("n_unknown", "explanation"),
    [(12, "; and 3 more."), (13, "body: Value error, it has 13 fields; at most 2 are allowed.")],
    ids=["each error", "the number of fields"],
)
def test_a_problem_lists_ten_errors_at_most(
    owner: Engine, product_http: httpx2.Client, n_unknown: int, explanation: str
) -> None:
    body = {f"unknown_{n}": n for n in range(n_unknown)}
    answer = product_http.put(f"/v1/{schema_of(owner)}/users/u/ratings/a", json=body)

    assert problem(answer).detail.endswith(explanation)
    assert len(answer.content) < 3000


@pytest.mark.parametrize("value", ["", 1, None])
def test_the_first_invalid_item_ends_the_check_of_a_long_list(value: object) -> None:
    errors = invalid(lambda: Availability.model_validate({"item_ids": [value] * 1000}))

    assert len(errors) < 10


def invalid(validate: Callable[[], object]) -> list[Any]:
    with pytest.raises(ValidationError) as caught:
        validate()
    return [*caught.value.errors()]


def test_refused_requests_are_limited_by_address_and_good_keys_are_not(
    owner: Engine, committing: str, http: httpx2.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rate_limit, "HELD_SECONDS", 0.01)
    with running_api(as_role(committing, "api"), LIMITED) as url:
        path = f"{url}/v1/{schema_of(owner)}/items"
        assert http.get(path).status_code == 200
        with httpx2.Client() as unknown:  # one connection: the limit must not recover meanwhile
            statuses = [unknown.get(path, headers=WRONG).status_code for _ in range(20)]
            without_key = unknown.get(path)
        good = http.get(path).status_code

    assert statuses[:3] == [401, 401, 401]
    assert statuses.count(429) >= 10
    assert problem(without_key).code in {"too-many-requests", "key-refused"}
    assert good == 200


def test_the_addresses_of_an_ipv6_network_share_the_limit_of_refusals(
    owner: Engine, committing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rate_limit, "HELD_SECONDS", 0.01)
    with running_api(as_role(committing, "api"), LIMITED) as url, httpx2.Client() as unknown:
        path = f"{url}/v1/{schema_of(owner)}/items"
        sent = [WRONG | {"X-Forwarded-For": f"2001:db8::{n:x}"} for n in range(20)]
        statuses = [unknown.get(path, headers=headers).status_code for headers in sent]

    assert statuses.count(429) >= 10


def test_a_key_that_was_valid_is_looked_up_again_from_a_limited_address(
    owner: Engine, committing: str, http: httpx2.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rate_limit, "HELD_SECONDS", 0.01)
    uncached = LIMITED.model_copy(update={"key_cache_seconds": 0})
    with running_api(as_role(committing, "api"), uncached) as url:
        path = f"{url}/v1/{schema_of(owner)}/items"
        assert http.get(path).status_code == 200
        for _ in range(20):
            httpx2.get(path, headers=WRONG)
        assert http.get(path).status_code == 200


def test_a_refused_key_is_remembered(owner: Engine, committing: str) -> None:
    cached = UNCACHED.model_copy(update={"key_cache_seconds": 60})
    with Session(owner) as session, session.begin():
        key = keys.create(session, "product", ["read"])
    with running_api(as_role(committing, "api"), cached) as url:
        headers = {"Authorization": f"Bearer {key}"}
        path = f"{url}/v1/{schema_of(owner)}/items"
        with owner.begin() as connection:
            connection.execute(text("update api_keys set digest = reverse(digest)"))
        assert httpx2.get(path, headers=headers).status_code == 401
        with owner.begin() as connection:
            connection.execute(text("update api_keys set digest = reverse(digest)"))
        assert httpx2.get(path, headers=headers).status_code == 401


def test_another_host_is_refused(http: httpx2.Client) -> None:
    assert http.get("/health", headers={"Host": "evil.example"}).status_code == 400


def test_readiness_and_metrics_are_cached(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> None:
    n_looked = 0
    overview = app.state.datasets.overview

    def counted() -> object:
        nonlocal n_looked
        n_looked += 1
        return overview()

    monkeypatch.setattr(app.state.datasets, "overview", counted)
    with TestClient(app, "http://127.0.0.1") as http:
        statuses = [http.get("/ready").status_code for _ in range(5)]
        scrapes = {http.get("/metrics").content for _ in range(5)}

    assert statuses == [503] * 5
    assert n_looked == 1
    assert len(scrapes) == 1


@pytest.mark.parametrize("name", ["x" * 64, "x" * 8000, "Shop", "%73hop", "a-b", "x\u0131"])
def test_a_name_that_no_data_set_can_have_is_not_looked_up(
    app: FastAPI, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(KeyCache, "find", None)

    with TestClient(app, "http://127.0.0.1") as http:
        assert http.get(f"/v1/{name}/items", headers=WRONG).status_code == 404


@pytest.mark.parametrize(("length", "status"), [(8192, 404), (8193, 414), (60_000, 414)])
def test_a_path_above_eight_kilobytes_is_not_compared_with_the_routes(
    app: FastAPI, length: int, status: int
) -> None:
    with TestClient(app, "http://127.0.0.1") as http:
        answer = http.get("/v1/" + "x" * (length - 4))

    assert answer.status_code == status
    assert len(answer.content) < 1000


@pytest.mark.parametrize("path", ["/nothing", "/v1/" + "x" * 9000, "/v1/shop/nothing"])
def test_requests_that_no_route_answers_are_limited_by_address(
    path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rate_limit, "HELD_SECONDS", 0.01)
    app = create_app(ServingSettings(database_url=SecretStr(AWAY)), LIMITED)

    with TestClient(app, "http://127.0.0.1") as http:
        statuses = [http.get(path).status_code for _ in range(8)]

    assert statuses[0] in {404, 414}
    assert 429 in statuses


def test_the_openapi_document_is_made_once(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []
    monkeypatch.setattr(json, "dumps", partial(_counted, json.dumps, made))

    with TestClient(app, "http://127.0.0.1") as http:
        answers = {http.get("/openapi.json").content for _ in range(5)}

    assert len(made) == 1
    assert "/v1/{dataset}/items" in json.loads(answers.pop())["paths"]
    assert not answers


def _counted(dumps: Callable[..., str], made: list[str], value: object, **options: Any) -> str:
    made.append(dumps(value, **options))
    return made[-1]
