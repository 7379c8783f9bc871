"""The page "Releases": the history, what changed, and the acts of operators."""

import pytest

from dashboards.console.releases import comparison, past
from dashboards.text import NO_VALUE, esc
from tests.support.dashboards import shop
from tests.support.dashboards.app_pages import Page, cells, keys, words
from tests.support.dashboards.console_pages import RELEASES, metrics, opened, press, warnings
from tests.support.dashboards.fake_operations import FakeOperations


@pytest.mark.usefixtures("operations")
def test_each_release_has_its_state_its_verdict_and_its_acts(page: Page) -> None:
    text = words(opened(page, RELEASES))

    assert "**Release 12**" in text
    assert "Live" in text
    assert "Deleted" in text
    run_id = shop.RETRAIN.partition("/")[2]
    assert f'/dags/playground__retrain/runs/{run_id} "{shop.RETRAIN}/publish")' in text
    assert "published by [Retrain](http" in text
    assert "NDCG@10 0.269 (+0.019 vs. popularity)" in text


def test_a_refreshed_release_has_the_figure_of_the_recipe_that_it_serves() -> None:
    text = past.figures("als_7f3a", shop.lost())

    assert text == "NDCG@10 0.269 (+0.019 vs. popularity)"
    assert past.figures("als_of_an_older_version", shop.lost()) == f"NDCG@10 {NO_VALUE}"


def test_the_changes_of_the_live_release_are_shown(page: Page, operations: FakeOperations) -> None:
    app = opened(page, RELEASES)

    assert metrics(app)["Users with other items"][0] == "34%"
    assert metrics(app)["Rank-biased overlap"][0] == "0.815"
    assert esc(shop.ITEMS[6].title) in cells(app).replace("\\\\", "\\")
    assert operations.compared == [(11, 12)]
    links = {link.proto.label: link.proto.query_string for link in app.get("page_link")}
    assert links[":gray[:small[Inspect 0042]]"] == "user=0042"
    [user] = app.tabs
    assert user.label == "User 0042"
    before, after = (text.value for text in user.markdown if "1\\." in text.value)
    assert f"1\\. {comparison.GONE} **{esc(shop.ITEMS[6].title)}**" in before
    assert f"1\\. {comparison.NEW} **{esc(shop.ITEMS[0].title)}**" in after
    assert f"2\\. {esc(shop.ITEMS[1].title)}" in before

    app.selectbox(key="compare_from").set_value(10).run()

    assert operations.compared[-1] == (10, 12)
    assert app.selectbox(key="compare_from").proto.query_param_key == "compare_from"


def test_a_rollback_needs_a_reason_and_is_confirmed(page: Page, operations: FakeOperations) -> None:
    app = press(opened(page, RELEASES), "send_roll_back_12")
    assert "Enter a reason" in warnings(app)
    assert operations.live == 12

    app.text_input(key="reason_roll_back_12").set_value("the lists repeat one vendor")
    press(app, "send_roll_back_12")

    assert operations.live == 11
    assert "Release 11 is live" in app.success[0].value
    assert operations.compared[-1] == (12, 11)
    assert "not published until publishing is resumed" in app.success[0].value
    assert operations.entries[-1].reason == "the lists repeat one vendor"
    assert "send_roll_back_12" not in keys(app)  # the next one is another question


def test_a_kept_release_is_made_live(page: Page, operations: FakeOperations) -> None:
    app = opened(page, RELEASES)
    assert "send_activate_8_instead_of_12" not in keys(app)  # it is deleted
    app.text_input(key="reason_activate_10_instead_of_12").set_value("better")

    press(app, "send_activate_10_instead_of_12")

    assert operations.live == 10
    assert operations.entries[-1].action == "activate"


def test_publishing_is_paused_and_resumed(page: Page, operations: FakeOperations) -> None:
    app = opened(page, RELEASES)
    app.text_input(key="reason_pause_12").set_value("a festival")
    press(app, "send_pause_12")
    assert "maya paused publishing" in words(app)

    app.text_input(key="reason_resume").set_value("it is over")
    press(app, "send_resume")

    assert "paused publishing" not in words(app)
    assert [entry.action for entry in operations.entries[-2:]] == ["pause", "resume"]


def test_an_act_on_an_older_state_changes_nothing(page: Page, operations: FakeOperations) -> None:
    app = opened(page, RELEASES)
    operations.activate(10, {"instead_of": 12, "reason": "x"}, "jonas")
    app.text_input(key="reason_roll_back_12").set_value("worse")

    press(app, "send_roll_back_12")

    assert "Another release went live meanwhile" in warnings(app)
    assert operations.live == 10


def test_without_a_release_the_page_says_so(page: Page, operations: FakeOperations) -> None:
    operations.releases.clear()

    assert "No release yet" in words(opened(page, RELEASES))


@pytest.mark.parametrize(
    ("refusal", "message"),
    [
        ((403, "scope-missing"), "This needs the role Op or Admin"),
        ((503, "operators-not-configured"), "API_AIRFLOW_URL"),
        ((503, "api-unavailable"), "did not answer this request"),
    ],
)
def test_a_refusal_of_the_api_is_explained(
    page: Page, operations: FakeOperations, refusal: tuple[int, str], message: str
) -> None:
    operations.refusal = refusal

    assert message in warnings(opened(page, RELEASES))
