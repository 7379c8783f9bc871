import re
import time
from concurrent.futures import ThreadPoolExecutor

import httpx2
import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr
from sqlalchemy import Connection, Engine, text

from serving import catalogue
from serving.api.app import create_app
from serving.api.settings import ApiSettings
from serving.client import Client
from serving.storage.database import ServingSettings
from serving.users import profiles
from tests.conftest import schema_of
from tests.support.serving import shop
from tests.support.serving.api_server import running_api
from tests.support.serving.problems import problem
from tests.support.serving.server import as_role

FILLED = "String should have at least 1 character"
LIMITED = "Input should be less than or equal to 100"
AWAY = "postgresql+psycopg2://api:canary@127.0.0.1:1/lantern"
ROUTES = {
    "/health",
    "/ready",
    "/metrics",
    "/v1/{dataset}",
    "/v1/{dataset}/events",
    "/v1/{dataset}/export",
    "/v1/{dataset}/ready",
    "/v1/{dataset}/users",
    "/v1/{dataset}/users/{user_id}",
    "/v1/{dataset}/erasures",
    "/v1/{dataset}/users/{user_id}/export",
    "/v1/{dataset}/users/{user_id}/recommendations",
    "/v1/{dataset}/users/{user_id}/ratings/{item_id}",
    "/v1/{dataset}/users/{user_id}/hidden/{item_id}",
    "/v1/{dataset}/users/{user_id}/events",
    "/v1/{dataset}/users/{user_id}/events/{event_id}",
    "/v1/{dataset}/outbox",
    "/v1/{dataset}/users/{user_id}/explanations/{item_id}",
    "/v1/{dataset}/users/{user_id}/ratings",
    "/v1/{dataset}/recommendations",
    "/v1/{dataset}/popular",
    "/v1/{dataset}/trending",
    "/v1/{dataset}/vendor-items",
    "/v1/{dataset}/items",
    "/v1/{dataset}/items/{item_id}",
    "/v1/{dataset}/items/{item_id}/similar",
    "/v1/{dataset}/items/{item_id}/together",
    "/v1/{dataset}/together",
    "/v1/{dataset}/releases",
    "/v1/{dataset}/verdicts",
    "/v1/{dataset}/rules",
    "/v1/{dataset}/rules/history",
    "/v1/{dataset}/rules/preview",
    "/v1/{dataset}/availability",
    "/v1/{dataset}/user-attributes",
    "/v1/{dataset}/users/{user_id}/attributes",
    "/v1/{dataset}/audit",
    "/v1/{dataset}/keys",
    "/v1/{dataset}/keys/{name}",
    "/v1/{dataset}/placements",
    "/v1/{dataset}/placements/preview",
    "/v1/{dataset}/placements/{name}",
    "/v1/{dataset}/placements/{name}/activate",
    "/v1/{dataset}/placements/{name}/history",
    "/v1/{dataset}/publishing/pause",
    "/v1/{dataset}/publishing/resume",
    "/v1/{dataset}/releases/history",
    "/v1/{dataset}/releases/roll-back",
    "/v1/{dataset}/releases/{release_id}/activate",
    "/v1/{dataset}/releases/{release_id}/changes",
    "/v1/{dataset}/storage",
    "/v1/{dataset}/backtests",
    "/v1/{dataset}/ingests",
    "/v1/{dataset}/inspection/items/{item_id}",
    "/v1/{dataset}/inspection/users",
    "/v1/{dataset}/inspection/users/{user_id}",
    "/v1/{dataset}/inspection/users/{user_id}/items/{item_id}",
    "/v1/{dataset}/inspection/users/{user_id}/views",
    "/v1/{dataset}/maintenance",
    "/v1/{dataset}/open-erasures",
    "/v1/{dataset}/quarantine/decisions",
    "/v1/{dataset}/retrains",
    "/v1/{dataset}/retrains/{run_id}/answer",
    "/v1/{dataset}/retrains/{run_id}/stop",
    "/v1/{dataset}/uploads",
}


def test_every_route_is_documented_with_its_problems(http: httpx2.Client) -> None:
    document = http.get("/openapi.json").json()

    assert set(document["paths"]) == ROUTES
    for path, methods in document["paths"].items():
        for method, described in methods.items():
            answers = set(described["responses"])
            if path.startswith("/v1"):
                assert {"401", "403", "404", "422", "429", "503"} <= answers, (method, path)
                assert answers & {"200", "201"}, (method, path)
            parameters = {p["name"] for p in described.get("parameters", ()) if p["in"] == "path"}
            assert parameters == set(re.findall(r"{(\w+)}", path)), (method, path)
    assert document["components"]["schemas"]["Recommendations"]["examples"]


def test_health_needs_no_database_and_readiness_names_the_live_release(
    http: httpx2.Client, publisher: Engine, owner: Engine
) -> None:
    release_id = shop.release(publisher, "one", instead_of=None)

    assert http.get("/health").json() == {"status": "ok"}
    ready = http.get("/ready", timeout=60).json()  # of the schemas of all tests
    assert ready["datasets"][schema_of(owner)]["live_release"] == release_id


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/v1/{}/users//recommendations", 422, "request-refused"),
        ("/v1/{}/users/%00", 422, "request-refused"),
        ("/v1/{}/items?limit=1000000000", 422, "request-refused"),
        ("/v1/{}/nowhere", 404, "not-found"),
        ("/nowhere", 404, "not-found"),
        ("/v1/No%20Shop/items", 404, "not-found"),
        ("/v1/public/items", 401, "key-refused"),
        ("/v1/{}/items/1", 404, "unknown-item"),
    ],
)
def test_each_error_is_a_problem_with_a_next_step(
    http: httpx2.Client, owner: Engine, path: str, status: int, code: str
) -> None:
    answer = problem(http.get(path.format(schema_of(owner))))

    assert (answer.status, answer.code) == (status, code)


@pytest.mark.parametrize(
    ("query", "detail"),
    [
        (
            f"filter=released > {'1' * 1000}",
            "query.filter: String should have at most 1000 characters.",
        ),
        ("filter=", f"query.filter: {FILLED}."),
        ("filter=&limit=999", f"query.filter: {FILLED}; query.limit: {LIMITED}."),
    ],
)
def test_a_parameter_that_may_be_missing_has_one_error(
    http: httpx2.Client, owner: Engine, query: str, detail: str
) -> None:
    answer = problem(http.get(f"/v1/{schema_of(owner)}/popular?{query}"))

    assert answer.detail == detail


def test_a_method_without_a_route_is_a_problem(http: httpx2.Client, owner: Engine) -> None:
    assert problem(http.delete(f"/v1/{schema_of(owner)}/items")).status == 405


def test_a_request_without_a_key_is_refused(http: httpx2.Client, owner: Engine) -> None:
    del http.headers["Authorization"]

    answer = http.get(f"/v1/{schema_of(owner)}/items")

    assert problem(answer).status == 401
    assert answer.headers["www-authenticate"] == "Bearer"


def test_without_a_database_the_api_is_healthy_but_not_ready() -> None:
    app = create_app(ServingSettings(database_url=SecretStr(AWAY)), ApiSettings())
    with TestClient(app, "http://127.0.0.1") as http:
        key = {"Authorization": "Bearer x"}
        assert http.get("/health").status_code == 200
        assert http.get("/ready").status_code == 503
        ready = http.get("/ready").text
        answer = http.get("/v1/shop/items", headers=key)

    assert (answer.status_code, answer.json()["code"]) == (503, "api-unavailable")
    assert answer.headers["retry-after"]
    assert "canary" not in answer.text + ready


def test_connections_closed_by_a_restart_are_replaced_without_an_error(
    client: Client, superuser: Connection, publisher: Engine
) -> None:
    shop.release(publisher, "one", instead_of=None)
    before = client.recommendations("u").items
    terminate = text("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'api'")

    assert all(superuser.scalars(terminate).all())  # as after a restart: the pool does not know it

    assert client.recommendations("u").items == before


def test_a_slow_statement_times_out(
    owner: Engine, publisher: Engine, committing: str, http: httpx2.Client
) -> None:
    shop.release(publisher, "one", instead_of=None)
    settings = ApiSettings(statement_timeout_ms=50)
    path = f"/v1/{schema_of(owner)}/items/a"
    with running_api(as_role(committing, "api"), settings) as url, owner.begin() as locking:
        locking.execute(text("lock table items in access exclusive mode"))
        answer = http.get(url + path)

    assert (answer.status_code, problem(answer).code) == (503, "api-unavailable")
    assert http.get(path).status_code == 200


def test_more_requests_than_threads_are_queued(
    owner: Engine, publisher: Engine, committing: str, http: httpx2.Client
) -> None:
    shop.release(publisher, "one", instead_of=None)
    settings = ApiSettings(statement_timeout_ms=400, threads=1)
    path = f"/v1/{schema_of(owner)}/items/a"
    with running_api(as_role(committing, "api"), settings) as url, owner.begin() as locking:
        assert http.get(url + path).is_success
        locking.execute(text("lock table items in access exclusive mode"))
        started = time.monotonic()
        with ThreadPoolExecutor(2) as threads:
            answers = list(threads.map(http.get, [url + path] * 2))

    assert [answer.status_code for answer in answers] == [503, 503]
    assert time.monotonic() - started > 0.8


def test_an_unexpected_error_reveals_no_internals(
    http: httpx2.Client, owner: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("canary")

    monkeypatch.setattr(catalogue, "item", broken)

    answer = http.get(f"/v1/{schema_of(owner)}/items/a")

    assert problem(answer).code == "internal-error"
    assert "canary" not in answer.text
    assert "Traceback" not in answer.text


def test_an_sql_error_is_an_internal_error_not_an_outage(
    http: httpx2.Client, owner: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(profiles, "_USERS", text("select nothing from nowhere where :limit > 0"))

    assert problem(http.get(f"/v1/{schema_of(owner)}/users")).code == "internal-error"


def test_only_the_configured_data_sets_are_served(
    owner: Engine, committing: str, http: httpx2.Client
) -> None:
    settings = ApiSettings(datasets=("another_one",))
    with running_api(as_role(committing, "api"), settings) as url:
        answer = http.get(f"{url}/v1/{schema_of(owner)}/items")

    assert problem(answer).code == "key-refused"


def test_a_key_is_cached_for_the_configured_time(
    owner: Engine, committing: str, http: httpx2.Client
) -> None:
    path = f"/v1/{schema_of(owner)}/items"
    with running_api(as_role(committing, "api"), ApiSettings(key_cache_seconds=60)) as url:
        assert http.get(url + path).status_code == 200
        with owner.begin() as connection:
            connection.execute(text("delete from api_keys"))
        assert http.get(url + path).status_code == 200

    assert http.get(path).status_code == 401  # this API caches no keys
