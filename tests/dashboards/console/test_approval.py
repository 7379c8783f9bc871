import pytest

from dashboards.console import approval
from dashboards.text import esc
from tests.support.dashboards import searched, shop
from tests.support.dashboards.app_pages import Page, cells, keys, words
from tests.support.dashboards.console_pages import MODELS, OVERVIEW, opened, press
from tests.support.dashboards.fake_airflow import FakeAirflow


@pytest.mark.parametrize("name", [OVERVIEW, MODELS])
@pytest.mark.parametrize(("button", "answer"), [("approve", "Approve"), ("reject", "Reject")])
@pytest.mark.usefixtures("retrained_lake")
def test_an_approval_is_answered_on_either_page(
    page: Page, console: FakeAirflow, name: str, button: str, answer: str
) -> None:
    console.ask("manual__now")
    app = opened(page, name)
    assert esc("Playground: publish this model?") in words(app)
    assert "Needs approval" in cells(app)

    press(app, button)

    assert console.answers == [answer]
    assert button not in keys(app)


def test_a_rejected_run_is_not_shown_as_promoted(page: Page, console: FakeAirflow) -> None:
    console.ask(shop.RETRAIN.split("/")[1], "Reject", "maya")

    assert "Rejected" in cells(opened(page, OVERVIEW))


@pytest.mark.usefixtures("retrained_lake")
def test_a_rejection_is_shown_with_the_name(page: Page, console: FakeAirflow) -> None:
    console.ask(shop.RETRAIN.split("/")[1], "Reject", "jonas <b>")

    app = opened(page, MODELS, retrain=searched.SEARCHED)

    assert r"rejected by jonas \<b\>" in app.warning[0].value
    assert "Rejected" in cells(app)


def test_the_question_says_what_is_published_and_how_much_better_it_is(
    page: Page, console: FakeAirflow
) -> None:
    console.runs[0]["dag_run_id"] = shop.RETRAIN.split("/")[1]
    del console.runs[1]
    console.ask(shop.RETRAIN.split("/")[1])

    text = words(opened(page, OVERVIEW))

    assert esc("Replace the live recipe als_11c0 by als_7f3a?") in text
    assert esc("NDCG@10 +0.008 (+0.002 to +0.014) over als_11c0.") in text


def test_each_verdict_asks_for_something_else() -> None:
    promoted = shop.verdicts()[0]
    refreshed = promoted.model_copy(update={"verdict": "refresh", "recipe": "als_11c0"})
    first = promoted.model_copy(update={"verdict": "first"})

    assert approval.asked(refreshed).startswith("Publish the live recipe als_11c0, fitted on")
    assert approval.asked(first).startswith("Publish the first release, als_7f3a? NDCG@10 +0.019")
