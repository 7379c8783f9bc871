import pytest

from tests.support.dashboards.app_pages import Page, keys, words
from tests.support.dashboards.console_pages import OVERVIEW, opened, press, warnings
from tests.support.dashboards.fake_airflow import FakeAirflow


@pytest.fixture
def idle(console: FakeAirflow) -> FakeAirflow:
    """The console without an active retrain."""
    del console.runs[0]
    return console


def test_a_retrain_is_started_with_its_reason(page: Page, idle: FakeAirflow) -> None:
    app = opened(page, OVERVIEW)
    app.text_input(key="reason").set_value("new titles")

    press(app, "send_retrain")

    form = {"search_budget_minutes": 0, "search_family": "any", "ask_for_approval": False}
    assert [run["conf"] for run in idle.started] == [form | {"reason": "new titles"}]
    assert "Retrain started" in app.toast[0].value
    assert not app.text_input(key="reason").value


@pytest.mark.usefixtures("idle", "retrained_lake")
def test_the_form_says_how_many_trials_a_budget_gives(page: Page) -> None:
    app = opened(page, OVERVIEW)

    # 14 trials took 306 s of the last search's 887 s; the rest was its preparation
    slider = app.select_slider(key="search_minutes")
    assert slider.options[:3] == ["No search", "2 min, about 1 trial", "5 min, about 1 trial"]
    assert slider.options[3] == "15 min, about 14 trials"


@pytest.mark.usefixtures("idle")
def test_before_the_first_search_the_number_of_trials_is_not_known(page: Page) -> None:
    app = opened(page, OVERVIEW)

    assert app.select_slider(key="search_minutes").options[1] == "2 min"
    assert "After the first search" in words(app)


def test_a_second_click_starts_no_second_retrain(page: Page, idle: FakeAirflow) -> None:
    app = press(opened(page, OVERVIEW), "send_retrain")
    assert "Another one waits until it has ended" in words(app)

    press(app, "send_retrain")

    assert "Confirm that another retrain is to start" in warnings(app)
    assert len(idle.started) == 1


def test_the_form_is_closed_after_a_start(page: Page, idle: FakeAirflow) -> None:
    app = opened(page, OVERVIEW)
    before = {popover.proto.popover.label for popover in app.get("popover")}

    press(app, "send_retrain")

    assert len(idle.started) == 1
    assert before
    assert app.session_state["n_started_retrains"] == 1  # the key of the next popover
    assert "start_another" not in keys(app)


def test_another_retrain_is_started_after_a_confirmation(page: Page, console: FakeAirflow) -> None:
    app = opened(page, OVERVIEW)
    app.checkbox(key="start_another").check()

    press(app, "send_retrain")

    assert len(console.started) == 1


def test_the_form_sets_the_search_and_the_approval(page: Page, idle: FakeAirflow) -> None:
    app = opened(page, OVERVIEW)
    app.select_slider(key="search_minutes").set_value(15)
    app.segmented_control(key="search_family").set_value("als_with_priors")
    app.toggle(key="ask_for_approval").set_value(True)

    press(app, "send_retrain")

    (run,) = idle.started
    assert run["conf"] == {
        "search_budget_minutes": 15,
        "search_family": "als_with_priors",
        "ask_for_approval": True,
        "reason": "",
    }
