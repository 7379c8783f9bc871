from datetime import UTC, datetime, timedelta

import pytest

from dashboards.console import lake_data, sources
from dashboards.console.lake_data import Feedback
from serving.schemas import OutboxState
from tests.support.dashboards import shop
from tests.support.dashboards.app_pages import Page, cells, fresh, words
from tests.support.dashboards.console_pages import OVERVIEW, metrics, opened
from tests.support.jobs.product import collect, write_collection
from warehouse import datasets
from warehouse.reconciliation import Reconciliation


@pytest.mark.usefixtures("console")
def test_without_events_the_card_says_what_will_be_there(page: Page) -> None:
    text = words(opened(page, OVERVIEW))

    assert "No feedback yet" in text
    assert "accounted for" not in text


@pytest.mark.usefixtures("console")
def test_the_card_shows_queued_events_and_that_all_are_accounted_for(
    page: Page, lake_root: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    oldest = datetime.now(UTC) - timedelta(minutes=2, seconds=30)
    outbox = OutboxState(n_events=1234, n_waiting=34, oldest_waiting_at=oldest)
    monkeypatch.setattr(sources, "outbox", lambda _: fresh(outbox))
    collect(lake_root, "a", *[("rate", "u", "a", 3.0, 100)] * 7)
    write_collection(lake_root, "a", 7)

    app = opened(page, OVERVIEW)

    figures = metrics(app)
    assert figures["Waiting in the outbox"][0] == "34"
    assert figures["Oldest waiting"][0] == "2 min"
    assert figures["Pending in the lake"][0] == "7"
    assert "All events accounted for" in words(app)
    assert "42 s" in cells(app)


@pytest.mark.usefixtures("console")
def test_a_missing_event_is_reported(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    feedback = Feedback(Reconciliation(n_outbox=9, n_bronze=8, n_accepted=8), ())
    monkeypatch.setattr(lake_data, "feedback", lambda _: feedback)

    assert "Events missing or duplicated" in words(opened(page, OVERVIEW))


@pytest.mark.usefixtures("console")
def test_late_collection_is_reported(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    hour_ago = shop.NOW - timedelta(hours=1)
    outbox = OutboxState(n_events=1, n_waiting=1, oldest_waiting_at=hour_ago)
    monkeypatch.setattr(sources, "outbox", lambda _: fresh(outbox))

    assert "Collection is late" in words(opened(page, OVERVIEW))


@pytest.mark.usefixtures("console")
@pytest.mark.parametrize(("minutes", "is_late"), [(30, True), (120, False)])
def test_the_manifest_says_what_is_late(
    page: Page, monkeypatch: pytest.MonkeyPatch, minutes: float, *, is_late: bool
) -> None:
    shop_manifest = datasets.load_named("playground")
    promises = shop_manifest.promises.model_copy(update={"collect_minutes": minutes})
    promised = shop_manifest.model_copy(update={"promises": promises})
    monkeypatch.setattr(datasets, "load_named", lambda _: promised)
    hour_ago = datetime.now(UTC) - timedelta(hours=1)
    outbox = OutboxState(n_events=1, n_waiting=1, oldest_waiting_at=hour_ago)
    monkeypatch.setattr(sources, "outbox", lambda _: fresh(outbox))

    assert ("Collection is late" in words(opened(page, OVERVIEW))) == is_late
