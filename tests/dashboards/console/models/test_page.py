import pytest

from airflow_api.client import AirflowUnavailableError
from dashboards.console import sources
from dashboards.text import esc
from tests.support.dashboards import searched, shop
from tests.support.dashboards.app_pages import Page, cells, words
from tests.support.dashboards.console_pages import MODELS, metrics, opened, signed_in

pytestmark = pytest.mark.usefixtures("console")


def test_before_the_first_retrain_the_page_says_what_will_be_there(page: Page) -> None:
    assert "No models evaluated yet" in words(opened(page, MODELS))


@pytest.mark.usefixtures("retrained_lake")
def test_a_promotion_is_shown_with_all_its_evidence(page: Page) -> None:
    app = opened(page, MODELS, retrain=searched.SEARCHED)

    figures = metrics(app)
    assert figures["Challenger's NDCG@10"] == ("0.2690", "1,121 users")
    assert figures["Lead over live recipe"] == ("+0.0080", "+0.002 to +0.014")
    assert figures["Trials"][0] == "14"
    text, tables = words(app), cells(app).replace("\\\\", "\\")
    assert esc(shop.verdicts()[0].reason) in text
    for heading in ("Verdict", "Leaderboard", "Search", "Sample users", "Rolling windows"):
        assert heading in text
    assert ":gray-badge[Baseline] ease" in tables
    assert "0.2760" in tables  # the challenger's mean over the rolling windows
    assert "1 trial failed" in text
    assert r"\<rank\> 12" in text


@pytest.mark.usefixtures("retrained_lake")
def test_without_airflow_the_page_still_shows_the_lake(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = page(MODELS)
    signed_in(app)
    app.query_params["retrain"] = searched.SEARCHED

    def fail(*_: object) -> None:
        raise AirflowUnavailableError("x")

    for name in ("runs", "questions", "is_paused_by_dag", "tasks"):
        monkeypatch.setattr(sources, name, fail)
    app.run()

    assert not app.exception
    assert any("Airflow is not responding" in warning.value for warning in app.warning)
    assert "0.2690" in cells(app)


@pytest.mark.usefixtures("retrained_lake")
def test_titles_of_sample_lists_are_literal_and_hits_are_marked(page: Page) -> None:
    app = opened(page, MODELS, retrain=searched.SEARCHED)

    assert [tab.label for tab in app.tabs] == [
        "User 1088 · least active",
        "User 2544 · moderately active",
        "User 4169 · most active",
    ]
    markdown = [text.value for text in app.tabs[0].markdown]
    lists = [text for text in markdown if "radio_button_unchecked" in text]
    assert len(lists) == 3
    assert any("check_circle" in titles for titles in lists)
    links = {link.proto.label: link.proto.query_string for link in app.get("page_link")}
    assert links[":gray[:small[Inspect 1088]]"] == "user=1088"
    for title in shop.HOSTILE:
        assert title not in "".join(lists)
    assert any(esc(title) in "".join(lists) for title in shop.HOSTILE)


@pytest.mark.usefixtures("retrained_lake")
def test_the_chosen_retrain_is_in_the_address(page: Page) -> None:
    app = opened(page, MODELS)
    assert "retrain" not in app.query_params

    app.selectbox(key="shown_retrain").set_value(searched.SEARCHED).run()

    assert app.query_params["retrain"] == searched.SEARCHED
    app.selectbox(key="shown_retrain").set_value(searched.RUNNING).run()
    assert "retrain" not in app.query_params  # a link to the newest follows it
