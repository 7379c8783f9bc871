from tests.support.dashboards.app_pages import Page
from tests.support.dashboards.console_pages import OVERVIEW, opened, press
from tests.support.dashboards.fake_airflow import FakeAirflow


def test_a_retrain_is_started_with_its_reason(page: Page, console: FakeAirflow) -> None:
    app = opened(page, OVERVIEW)
    app.text_input(key="reason").set_value("new titles")

    press(app, "send_retrain")

    form = {"search_budget_minutes": 0, "search_family": "any", "ask_for_approval": False}
    assert [run["conf"] for run in console.started] == [form | {"reason": "new titles"}]
    assert "Retrain started" in app.toast[0].value


def test_the_form_sets_the_search_and_the_approval(page: Page, console: FakeAirflow) -> None:
    app = opened(page, OVERVIEW)
    app.select_slider(key="search_minutes").set_value(15)
    app.segmented_control(key="search_family").set_value("als_with_priors")
    app.toggle(key="ask_for_approval").set_value(True)

    press(app, "send_retrain")

    (run,) = console.started
    assert run["conf"] == {
        "search_budget_minutes": 15,
        "search_family": "als_with_priors",
        "ask_for_approval": True,
        "reason": "",
    }
