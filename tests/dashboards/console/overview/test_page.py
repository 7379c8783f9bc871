import re
from collections.abc import Callable

import pytest
import streamlit as st

from airflow_api.answers import NOTE_OF_STOPPED, run_of
from airflow_api.client import AirflowUnavailableError, NotAllowedError
from dags.task_texts import TASK_TEXTS
from dashboards.console import lake_data, sources
from dashboards.settings import NotSetUpError
from dashboards.text import esc
from monitoring.facts import Disk
from serving.errors import ApiUnavailableError
from serving.schemas import Verdict
from tests.support.dashboards import shop
from tests.support.dashboards.app_pages import Page, cells, fresh, words
from tests.support.dashboards.console_pages import OVERVIEW, metrics, opened, warnings
from tests.support.dashboards.fake_airflow import FakeAirflow
from tests.support.dashboards.fake_operations import FakeOperations
from warehouse.errors import TableMissingError


@pytest.mark.usefixtures("console")
def test_the_page_shows_the_live_release_and_its_evidence(page: Page) -> None:
    app = opened(page, OVERVIEW)

    figures = metrics(app)
    assert figures["Live release"] == ("#12", "2 h")
    assert figures["Users with a list"] == ("6,040", "+12")
    assert figures["Last verdict"][0] == "Promoted"
    assert figures["Challenger's NDCG@10"] == ("0.269", "+0.008")  # over the live recipe
    assert esc(shop.verdicts()[0].reason) in words(app)
    assert r"Not judged\: no \<champion\>\." in cells(app).replace("\\\\", "\\")


@pytest.mark.usefixtures("console")
def test_a_challenger_that_lost_to_the_live_recipe_is_red(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "verdicts", lambda _: fresh([shop.lost()]))

    app = opened(page, OVERVIEW)

    [tile] = [each for each in app.metric if each.label == "Challenger's NDCG@10"]
    assert (tile.value, tile.delta) == ("0.250", "-0.019")
    assert tile.proto.delta_description == "vs. live"
    assert tile.proto.color == tile.proto.RED


@pytest.mark.usefixtures("console")
def test_the_page_shows_the_running_retrain_and_the_last_runs(page: Page) -> None:
    app = opened(page, OVERVIEW)

    text = cells(app)
    for task_id in ("evaluate", "publish"):
        assert esc(TASK_TEXTS[task_id].title) in text.replace("\\\\", "\\")
    assert "violet-badge" in text
    assert "Promoted" in text
    assert "Failed" in text
    assert "of 8 tasks done" in str(app.get("progress")[0].proto.text)


def test_a_stopped_retrain_is_not_called_failed(page: Page, console: FakeAirflow) -> None:
    console.runs[3]["note"] = f"{NOTE_OF_STOPPED}maya: wrong recipe"

    assert "Stopped" in cells(opened(page, OVERVIEW))


def test_a_fresh_installation_says_that_nothing_has_run(
    page: Page, console: FakeAirflow, monkeypatch: pytest.MonkeyPatch
) -> None:
    console.runs.clear()
    monkeypatch.setattr(sources, "releases", lambda _: fresh([]))
    monkeypatch.setattr(sources, "verdicts", lambda _: fresh([]))

    text = words(opened(page, OVERVIEW))

    for expected in (
        "No live release yet", "No runs yet", "Never ran", "None yet", "No data yet",
        "No feedback yet",
    ):  # fmt: skip
        assert expected in text


@pytest.mark.usefixtures("console")
@pytest.mark.parametrize(
    ("source", "error", "message"),
    [
        ("sources.runs", AirflowUnavailableError("x"), "Airflow is not responding"),
        ("sources.runs", NotAllowedError("x"), "Airflow role does not allow"),
        ("sources.releases", ApiUnavailableError("x"), "API did not answer this request"),
        ("sources.outbox", ApiUnavailableError("x"), "API did not answer this request"),
        ("lake_data.tables", TableMissingError("x", "y"), "lake cannot be read"),
        ("lake_data.feedback", TableMissingError("x", "y"), "lake cannot be read"),
        ("lake_data.tables", NotSetUpError("LAKE_ROOT"), "Not set up"),
    ],
)
def test_an_error_of_one_card_leaves_the_others(
    page: Page, monkeypatch: pytest.MonkeyPatch, source: str, error: Exception, message: str
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(f"dashboards.console.{source}", fail)

    app = opened(page, OVERVIEW)

    assert any(message in warning.value for warning in app.warning)
    assert app.title[0].value == "Overview"
    assert app.subheader


@pytest.mark.usefixtures("console")
def test_no_age_is_outside_of_what_is_updated(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    intervals: list[float] = []

    def not_shown(run_every: float) -> Callable[[Callable[[], None]], Callable[[], None]]:
        intervals.append(run_every)
        return lambda _: lambda: None

    monkeypatch.setattr(st, "fragment", not_shown)

    app = opened(page, OVERVIEW)

    assert intervals
    assert max(intervals) <= 60
    assert not app.metric
    assert not app.table
    assert not re.search(r"\d (s|min|h|days)\b", words(app))


def test_a_verdict_whose_release_is_not_published_yet_says_so(
    page: Page, console: FakeAirflow
) -> None:
    console.runs[0]["dag_run_id"] = shop.RETRAIN.split("/")[1]
    del console.runs[1]
    app = opened(page, OVERVIEW)
    assert metrics(app)["Last verdict"] == ("Promotion", "Not published yet")

    console.ask(shop.RETRAIN.split("/")[1])
    sources.questions.clear()
    app = opened(page, OVERVIEW)

    assert metrics(app)["Last verdict"] == ("Promotion", "Waiting for approval")
    assert "Promoted" not in words(app)


@pytest.mark.parametrize(
    ("note", "label"), [(None, "Failed"), (f"{NOTE_OF_STOPPED}maya: wrong recipe", "Stopped")]
)
def test_a_verdict_whose_run_did_not_publish_is_no_promotion(
    page: Page, console: FakeAirflow, note: str | None, label: str
) -> None:
    console.runs[1] |= {"state": "failed", "note": note}

    assert metrics(opened(page, OVERVIEW))["Last verdict"][0] == label


@pytest.mark.usefixtures("console")
def test_the_largest_tables_and_the_space_on_the_disk_are_shown(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = Disk("/lake", n_free=4_000_000_000, n_total=500_000_000_000)
    monkeypatch.setattr(lake_data, "disk", lambda: full)

    app = opened(page, OVERVIEW)

    assert "outbox" in cells(app)
    assert "2.4 GB" in cells(app).replace("\\", "")
    assert words(app).count("Full") == 2  # the status and the card


def test_before_the_first_retrain_the_page_says_what_starts_it(
    page: Page, console: FakeAirflow, monkeypatch: pytest.MonkeyPatch
) -> None:
    ingest = dict(console.runs[0])
    ingests = {"playground__ingest": [run_of(ingest)], "playground__retrain": []}
    monkeypatch.setattr(sources, "runs", lambda _, dag_id, __: ingests.get(dag_id, []))

    assert "The first ingest is running" in words(opened(page, OVERVIEW))

    ingests["playground__ingest"] = [run_of(ingest | {"state": "success"})]
    assert "Start a retrain to create the first lists" in words(opened(page, OVERVIEW))


@pytest.mark.usefixtures("console")
def test_a_verdict_that_cannot_be_parsed_is_reported(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "verdicts", lambda _: Verdict.model_validate({"verdict": "?"}))

    app = opened(page, OVERVIEW)

    assert "cannot read the data" in app.warning[0].value


def test_a_viewer_sees_the_disk(
    page: Page, operations: FakeOperations, lake_root: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert lake_root
    operations.refusal = (403, "scope-missing")
    monkeypatch.setattr(lake_data, "disk", lambda: Disk("/lake", 5 * 10**9, 10**10))

    app = opened(page, OVERVIEW)

    assert "free of" in str([bar.proto.text for bar in app.get("progress")])
    assert "This needs the role Op or Admin" in warnings(app)
