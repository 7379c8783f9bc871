import pytest

from dashboards.console.retrain_parts.search import trial_meanings
from tests.support.dashboards import searched
from tests.support.dashboards.app_pages import Page, cells, words
from tests.support.dashboards.console_pages import MODELS, metrics, opened
from tests.support.dashboards.fake_airflow import FakeAirflow


@pytest.mark.usefixtures("console", "retrained_lake")
@pytest.mark.parametrize("view", ["By trial", "By parameter", "Best recipes"])
def test_trials_have_three_views(page: Page, view: str) -> None:
    app = opened(page, MODELS, retrain=searched.SEARCHED)

    app.segmented_control(key="view").set_value(view).run()

    assert not app.exception
    if view == "Best recipes":
        assert ":green-badge[Finalist]" in cells(app)
        assert '"kind": "als"' in app.code[0].value


@pytest.mark.usefixtures("console", "retrained_lake")
def test_a_retrain_without_a_search_says_so(page: Page) -> None:
    app = opened(page, MODELS, retrain=searched.REFRESHED)

    assert "had no search budget, or no rolling window" in words(app)
    assert metrics(app)["Search"][0] == "No search"
    assert not app.tabs


@pytest.mark.usefixtures("console", "retrained_lake")
def test_a_running_search_is_on_the_page_retrains(page: Page) -> None:
    app = opened(page, MODELS)

    links = [link.proto.label for link in app.get("page_link")]
    assert "The page Retrains shows its trials as they come" in links
    assert not app.metric


@pytest.mark.usefixtures("retrained_lake")
def test_a_search_that_did_not_finish_says_so(page: Page, console: FakeAirflow) -> None:
    console.runs[0]["state"] = "failed"

    text = words(opened(page, MODELS))

    assert "ended before its search" in text
    assert "No result" in text


def test_only_the_kinds_of_trials_that_are_drawn_are_explained() -> None:
    assert "Pruned" not in trial_meanings({"Completed"})
    assert "Pruned" in trial_meanings({"Completed", "Pruned"})
    assert "Finalists" in trial_meanings({"Finalist"})
