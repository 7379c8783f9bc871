"""The metrics of the platform's own work, as Prometheus reads them."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import httpx2
import pytest
from sqlalchemy import Engine, text

from serving.client import Client
from serving.monitoring import alerts, measurements
from serving.monitoring.measurements import Measured
from serving.users import accounts
from tests.conftest import schema_of
from tests.serving.api.test_metrics import total
from tests.support.serving import shop
from tests.support.serving.api_server import UNCACHED, running_api
from tests.support.serving.server import as_role

NOW = datetime.now(UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def api_url(owner: Engine, committing: str) -> Iterator[str]:
    """The URL of an API that serves only this test's schema."""
    settings = UNCACHED.model_copy(update={"datasets": (schema_of(owner),)})
    with running_api(as_role(committing, "api"), settings) as url:
        yield url


def test_the_live_release_and_open_erasures_are_measured(
    http: httpx2.Client, client: Client, publisher: Engine, owner: Engine
) -> None:
    assert "lantern_release_age_seconds{" not in http.get("/metrics").text
    shop.release(publisher, "one", instead_of=None)
    with owner.begin() as connection:
        connection.execute(text("update live_release set since = now() - interval '2 hours'"))
        accounts.erase(connection, "u", requested_by="test")
        accounts.erase(connection, "v", requested_by="test")
        connection.execute(text("update erasures set requested_at = now() - interval '1 hour'"))
        connection.execute(
            text("update erasures set erased_at = now() where digest = (select max(digest) from"
                 " erasures)")
        )  # fmt: skip

    answer, open_erasures = http.get("/metrics"), client.open_erasures()

    assert 7200 <= total(answer, "lantern_release_age_seconds") < 7300
    assert total(answer, "lantern_publishing_paused") == 0
    assert total(answer, "lantern_erasures_open", stage="rows") == 1
    assert total(answer, "lantern_erasures_open", stage="files") == 2
    assert 3600 <= total(answer, "lantern_erasures_oldest_age_seconds", stage="rows") < 3700
    assert (open_erasures.n_with_rows, open_erasures.n_with_files) == (1, 2)
    assert open_erasures.oldest_with_rows_at is not None


def test_figures_of_the_last_check_and_open_alerts_are_exported(
    http: httpx2.Client, publisher: Engine
) -> None:
    figures = [
        Measured("status", "disk", 2),
        Measured("task_success", "retrain/fit", 1_700_000_000),
        Measured("task_seconds", "retrain/fit", 41.5),
        Measured("quarantined_rows", "", 7),
        Measured("new_since_fit", "events", 12),
        Measured("of a later version", "x", 1),
    ]
    with publisher.begin() as connection:
        measurements.replace(connection, figures, now=NOW)
        for target in ("log", "webhook"):
            alerts.record(connection, target, "disk", level="error", since=NOW, now=NOW)
        alerts.record(connection, "log", "outbox", level="warning", since=NOW, now=NOW)
        alerts.record(connection, "log", "outbox", level="ok", since=NOW, now=NOW)

    answer = http.get("/metrics")

    assert total(answer, "lantern_status", check="disk") == 2
    task = {"dag": "retrain", "task": "fit"}
    assert total(answer, "lantern_task_last_success_timestamp_seconds", **task) == 1_700_000_000
    assert total(answer, "lantern_task_last_success_seconds", **task) == 41.5
    assert total(answer, "lantern_quarantined_rows") == 7
    assert total(answer, "lantern_new_since_fit", kind="events") == 12
    assert total(answer, "lantern_checked_timestamp_seconds") == pytest.approx(NOW.timestamp())
    assert total(answer, "lantern_alerts_open", target="log", level="error") == 1
    assert total(answer, "lantern_alerts_open", target="log", level="warning") == 0
    assert "later version" not in answer.text
    with publisher.begin() as connection:
        measurements.replace(connection, [], now=NOW + HOUR)
    assert "lantern_status{" not in http.get("/metrics").text


def test_lists_are_counted_by_kind(http: httpx2.Client, client: Client, publisher: Engine) -> None:
    shop.release(publisher, "one", instead_of=None)

    client.recommendations("u")
    client.recommendations("u")
    client.recommendations("nobody")
    client.for_anonymous_user({})

    answer = http.get("/metrics")
    assert total(answer, "lantern_lists_total", kind="batch") == 2
    assert total(answer, "lantern_lists_total", kind="fallback") == 2
