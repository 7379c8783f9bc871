import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from fastapi.testclient import TestClient
from prometheus_client.parser import text_string_to_metric_families
from pydantic import SecretStr
from sqlalchemy import Engine, text

from serving.api.app import create_app
from serving.api.metrics import METHODS
from serving.api.settings import ApiSettings
from serving.client import Client
from serving.errors import ApiError
from serving.storage.database import ServingSettings
from tests.conftest import schema_of
from tests.support.serving import shop
from tests.support.serving.api_server import UNCACHED, running_api
from tests.support.serving.server import as_role

AWAY = "postgresql+psycopg2://api:canary@127.0.0.1:1/lantern"


@pytest.fixture
def api_url(owner: Engine, committing: str) -> Iterator[str]:
    """The URL of an API that serves only this test's schema: other tests break theirs."""
    settings = UNCACHED.model_copy(update={"datasets": (schema_of(owner),)})
    with running_api(as_role(committing, "api"), settings) as url:
        yield url


def total(answer: httpx2.Response, name: str, **labels: str) -> float:
    """Return the sum of all samples of this name that have these labels."""
    assert answer.status_code == 200
    samples = (
        sample
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
        if sample.name == name and labels.items() <= sample.labels.items()
    )
    return sum(sample.value for sample in samples)


def test_responses_are_counted_by_route_method_and_status(
    http: httpx2.Client, client: Client, publisher: Engine
) -> None:
    shop.release(publisher, "one", instead_of=None)
    route = "/v1/{dataset}/items/{item_id}"
    labels = {"route": route, "method": "GET"}
    before = http.get("/metrics")

    client.item("a")
    client.item("b")
    with pytest.raises(ApiError):
        client.item("zz")
    http.get("/nowhere/canary")
    http.request("PROPFIND", "/health")
    after = http.get("/metrics")

    def increase(name: str, **labels: str) -> float:
        return total(after, name, **labels) - total(before, name, **labels)

    assert increase("lantern_api_requests_total", **labels, status="200") == 2
    assert increase("lantern_api_requests_total", **labels, status="404") == 1
    assert increase("lantern_api_request_seconds_count", **labels) == 3
    assert 0 < increase("lantern_api_request_seconds_sum", **labels) < 10
    assert increase("lantern_api_requests_total", route="none", status="404") == 1
    assert increase("lantern_api_requests_total", method="other", status="405") == 1
    assert "canary" not in after.text.lower()


def test_the_methods_of_all_routes_are_counted_by_name() -> None:
    document = create_app(ServingSettings(database_url=SecretStr(AWAY)), ApiSettings()).openapi()
    used = {method.upper() for path in document["paths"].values() for method in path}

    assert used > {"GET", "PATCH"}
    assert used <= METHODS


def test_events_and_waiting_events_are_counted_by_data_set(
    product: Client, http: httpx2.Client, publisher: Engine, owner: Engine
) -> None:
    shop.release(publisher, "one", instead_of=None)
    dataset = schema_of(owner)

    product.rate("u", "a", 7, idempotency_key="k")
    product.rate("u", "a", 7, idempotency_key="k")
    product.hide("u", "b")
    with owner.begin() as connection:
        connection.execute(text("update outbox set received_at = now() - interval '1 hour'"))
    answer = http.get("/metrics")

    events = {"name": "lantern_events_total", "dataset": dataset}
    assert total(answer, **events, kind="rate", status="accepted") == 1
    assert total(answer, **events, kind="rate", status="repeated") == 1
    assert total(answer, **events, kind="hide") == 1
    assert total(answer, "lantern_outbox_waiting", dataset=dataset) == 2
    age = total(answer, "lantern_outbox_oldest_age_seconds", dataset=dataset)
    assert 3600 <= age < 3700
    assert total(answer, "lantern_database_up") == 1


def test_an_unknown_schema_does_not_hide_other_data_sets(
    owner: Engine, http: httpx2.Client
) -> None:
    with owner.begin() as connection:
        connection.execute(text("update alembic_version set version_num = '9999'"))

    answer = http.get("/metrics")

    assert total(answer, "lantern_database_up") == 1
    assert schema_of(owner) not in answer.text


def test_metrics_are_answered_without_a_database() -> None:
    app = create_app(ServingSettings(database_url=SecretStr(AWAY)), ApiSettings())
    started = time.monotonic()
    with TestClient(app, "http://127.0.0.1") as http:
        assert http.get("/ready").status_code == 503
        answer = http.get("/metrics")

    assert "lantern_database_up 0.0" in answer.text
    assert 'route="/ready",status="503"' in answer.text
    assert "canary" not in answer.text
    assert time.monotonic() - started < 10


def test_sizes_of_tables_and_free_space_are_shown(
    owner: Engine, committing: str, publisher: Engine, tmp_path: Path
) -> None:
    shop.release(publisher, "one", instead_of=None)
    own = {"datasets": (schema_of(owner),), "disk_folders": (tmp_path, tmp_path / "none")}
    with running_api(as_role(committing, "api"), UNCACHED.model_copy(update=own)) as url:
        answer = httpx2.get(f"{url}/metrics")

    size = {"dataset": schema_of(owner), "table": "recommendations"}
    assert total(answer, "lantern_table_bytes", **size) > 0
    free = total(answer, "lantern_disk_free_bytes", folder=str(tmp_path))
    assert 0 < free < total(answer, "lantern_disk_bytes", folder=str(tmp_path))
