"""The fake API of these tests answers as the OpenAPI document of the API says."""

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from pydantic import JsonValue, SecretStr
from schemathesis import APIOperation
from schemathesis.core import NOT_SET

from serving.api.app import create_app
from serving.api.settings import ApiSettings
from serving.storage.database import ServingSettings
from tests.support.dashboards.fake_airflow import TOKEN
from tests.support.dashboards.fake_api import KEY, fake_api, is_for_operators
from tests.support.dashboards.fake_operations import FakeOperations
from tests.support.dashboards.visitors import Visitors

NOT_FAKED = {
    "DELETE /v1/{dataset}/items/{item_id}",
    "GET /v1/{dataset}/export",
    "GET /v1/{dataset}/ready",
    "GET /v1/{dataset}/rules",
    "GET /v1/{dataset}/together",
    "PATCH /v1/{dataset}/items/{item_id}",
    "POST /v1/{dataset}/items",
    "POST /v1/{dataset}/recommendations",
    "POST /v1/{dataset}/user-attributes",
    "POST /v1/{dataset}/users",
    "PUT /v1/{dataset}/availability",
    "PUT /v1/{dataset}/items/{item_id}",
    "PUT /v1/{dataset}/users/{user_id}/attributes",
}
PATH = {
    "dataset": "playground",
    "user_id": "0042",
    "item_id": "i003",
    "event_id": "0" * 32,
    "release_id": 11,
    "name": "shop",
    "run_id": "manual__now",
}
PLACEMENT = "home"
SHELVES: list[JsonValue] = [{"title": "New", "source": "new"}]
BODIES: dict[str, JsonValue] = {
    "PUT /v1/{dataset}/users/{user_id}/ratings/{item_id}": {"rating": 4},
    "PUT /v1/{dataset}/users/{user_id}/hidden/{item_id}": {"kind": "not_interested"},
    "PUT /v1/{dataset}/users/{user_id}": {"token": TOKEN * 4},
    "POST /v1/{dataset}/events": {
        "events": [{"kind": kind, "user_id": "0042", "item_id": "i003"} for kind in ("view", "eat")]
    },
    "PUT /v1/{dataset}/rules": {"rules": {}, "instead_of": 2, "reason": "a test"},
    "POST /v1/{dataset}/rules/preview": {},
    "PUT /v1/{dataset}/placements/{name}": {
        "shelves": SHELVES,
        "instead_of": 1,
        "reason": "a test",
    },
    "POST /v1/{dataset}/placements/preview": {"shelves": SHELVES},
    "POST /v1/{dataset}/placements/{name}/activate": {
        "version": 0,
        "instead_of": 2,
        "reason": "a test",
    },
    "POST /v1/{dataset}/releases/{release_id}/activate": {"instead_of": 12, "reason": "a test"},
    "POST /v1/{dataset}/releases/roll-back": {"instead_of": 11, "reason": "a test"},
    "POST /v1/{dataset}/publishing/pause": {"reason": "a test"},
    "POST /v1/{dataset}/publishing/resume": {"reason": "a test"},
    "POST /v1/{dataset}/keys": {"name": "shop", "scopes": ["read"]},
    "POST /v1/{dataset}/ingests": {"reason": "a test"},
    "POST /v1/{dataset}/maintenance": {"reason": "a test"},
    "POST /v1/{dataset}/backtests": {
        "first": "2026-01-01",
        "last": "2026-06-01",
        "reason": "a test",
    },
    "POST /v1/{dataset}/retrains": {"reason": "a test", "may_wait": True},
    "POST /v1/{dataset}/retrains/{run_id}/stop": {"reason": "a test"},
    "POST /v1/{dataset}/retrains/{run_id}/answer": {"approve": True, "reason": "a test"},
    "POST /v1/{dataset}/quarantine/decisions": {
        "target": "ratings",
        "check": "rating_off_scale",
        "landed_until": "2026-11-24T12:00:00Z",
        "decision": "release",
        "reason": "a test",
        "landing_id": None,
    },
    "POST /v1/{dataset}/uploads": {
        "file_name": "ratings.csv",
        "n_bytes": 3,
        "sha256": "0" * 64,
        "reason": "a test",
    },
    "POST /v1/{dataset}/erasures": {"user_ids": ["0042"], "reason": "a test"},
}
QUERIES: dict[str, dict[str, JsonValue]] = {
    "vendor-items": {"vendor": "Sarn Pictures"},
    "changes": {"since": 11},
}
Operation = APIOperation[Any, Any, Any, Any]


def operations() -> list[Operation]:
    settings = ServingSettings(database_url=SecretStr("postgresql+psycopg2://127.0.0.1:9/none"))
    document = create_app(settings, ApiSettings()).openapi()
    schema = schemathesis.openapi.from_dict(document)
    results = [result.ok() for result in schema.get_all_operations()]  # type: ignore[union-attr] # an invalid one fails here
    return [operation for operation in results if operation.path.startswith("/v1/")]


@pytest.fixture(scope="module")
def api_url() -> Iterator[str]:
    visitors = Visitors()
    visitors.hide("0042", "i004")  # the first event
    operations = FakeOperations()
    operations.airflow.ask("manual__now")
    with fake_api(visitors, operations=operations) as url:
        yield url


@pytest.mark.parametrize("operation", operations(), ids=lambda operation: operation.label)
def test_a_fake_answer_matches_the_document(operation: Operation, api_url: str) -> None:
    operators_only = is_for_operators(operation.path, operation.method.upper())
    case = operation.Case(
        path_parameters={
            name: PLACEMENT if name == "name" and "/placements/" in operation.path else PATH[name]
            for name in PATH
            if f"{{{name}}}" in operation.path
        },
        query=QUERIES.get(operation.path.rpartition("/")[2], {}),
        headers={"Authorization": f"Bearer {TOKEN if operators_only else KEY}"},
        body=BODIES.get(operation.label, NOT_SET),
    )

    response = case.call(base_url=api_url)

    if operation.label in NOT_FAKED:
        assert response.status_code == 404
    else:
        assert 200 <= response.status_code < 300, response.content
        assert str(response.status_code) in operation.definition.raw["responses"]
        operation.validate_response(response)
