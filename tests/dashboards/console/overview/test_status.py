"""The head of the page Overview: whether all is well, what is not, and what to do next."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest

from dashboards.console import sources
from dashboards.console.overview import facts, status
from monitoring import levels
from monitoring.facts import DagState, Data, Disk, Facts, LiveRelease, Orchestration, Serving
from serving.errors import ApiUnavailableError
from serving.schemas import OutboxState
from tests.support.dashboards import shop
from tests.support.dashboards.app_pages import Page, fresh, words
from tests.support.dashboards.console_pages import OVERVIEW, opened
from tests.support.dashboards.fake_airflow import FakeAirflow
from warehouse.maintenance.growth import Growth

NOW = datetime.now(UTC)
HOUR = timedelta(hours=1)
WELL = Facts(
    serving=Serving(LiveRelease(12, NOW - 2 * HOUR), ("promote",)),
    data=Data(is_loaded=True, newest_file_at=NOW - 3 * HOUR, growth=Growth(34, 2, 0)),
    orchestration=Orchestration({"retrain": DagState(state="success", ended_at=NOW)}),
    services={"API": True},
    disk=Disk("/lake", 100_000_000_000, 500_000_000_000),
)


def shown(page: Page, known: Facts, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the words of the page if this is known."""
    monkeypatch.setattr(facts, "gather", lambda *_: known)
    return words(opened(page, OVERVIEW)).replace("\\", "")


@pytest.mark.usefixtures("console")
def test_all_is_well_at_a_glance(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    text = shown(page, WELL, monkeypatch)

    assert "green-badge[:material/check: All is well]" in text
    assert "34 new events, 2 new users, 0 new items" in text
    assert "Next:" not in text
    assert levels.NOTHING_TO_DO not in text


@pytest.mark.usefixtures("console")
def test_what_needs_attention_comes_first_with_its_next_step(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    paused = Serving(LiveRelease(12, NOW - HOUR, is_paused=True), ("promote",))
    full = Disk("/lake", 1_000_000, 500_000_000_000)

    text = shown(page, replace(WELL, serving=paused, disk=full), monkeypatch)

    assert "2 things need attention" in text
    assert "red-badge[:material/close: 2 things" in text
    order = [text.index(part) for part in ("Full", "Paused", "Next: Resume publishing", "Fresh")]
    assert order == sorted(order)


def test_every_page_of_a_next_step_has_a_link() -> None:
    assert set(get_args(levels.Page)) == status._PAGES.keys()  # noqa: SLF001


@pytest.mark.usefixtures("console")
def test_the_api_that_does_not_answer_is_named(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: str) -> None:
        raise ApiUnavailableError("x")

    monkeypatch.setattr(sources, "releases", fail)

    text = words(opened(page, OVERVIEW)).replace("\\", "")

    assert "The API does not answer, so the release is not known" in text


def test_the_facts_are_those_of_airflow_the_api_and_the_lake(
    page: Page, console: FakeAirflow, monkeypatch: pytest.MonkeyPatch
) -> None:
    console.ask("manual__now")
    oldest = NOW - HOUR
    outbox = OutboxState(n_events=9, n_waiting=4, oldest_waiting_at=oldest)
    monkeypatch.setattr(sources, "outbox", lambda _: fresh(outbox))
    first, *others = shop.releases()
    paused = first.model_copy(update={"publishing_paused_by": "jonas <b>"})
    monkeypatch.setattr(sources, "releases", lambda _: fresh([paused, *others]))

    text = words(opened(page, OVERVIEW)).replace("\\", "")

    assert "1 retrain waiting" in text
    assert "4 events waiting" in text
    assert "Publishing is paused" in text
    assert "Airflow scheduler" in text
    assert "A run began 1 min ago" in text
    assert "jonas" not in text.partition("Live release")[0]
