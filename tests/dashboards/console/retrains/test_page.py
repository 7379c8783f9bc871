"""The page "Retrains": progress, log, search, stop and history."""

from collections.abc import Callable

import pytest
import streamlit as st

from airflow_api.client import AirflowUnavailableError
from dags.task_texts import TASK_TEXTS
from dashboards.console import lake_data, sources
from dashboards.text import esc
from tests.support.dashboards import searched
from tests.support.dashboards.app_pages import Page, cells, fresh, keys, words
from tests.support.dashboards.console_pages import RETRAINS, opened, press, warnings
from tests.support.dashboards.fake_operations import FakeOperations

STOP = "send_stop_manual__now"


def literal(text: str) -> str:
    return text.replace("\\\\", "\\")


@pytest.mark.usefixtures("retraining")
def test_a_running_retrain_shows_its_tasks_its_log_and_links_to_airflow(page: Page) -> None:
    app = opened(page, RETRAINS)

    tasks = literal(cells(app))
    for task_id in ("evaluate", "publish"):
        assert f"[{esc(TASK_TEXTS[task_id].title)}](http" in tasks
        assert f"/dags/playground__retrain/runs/manual__now/tasks/{task_id})" in tasks
    progress = str(app.get("progress")[0].proto.text)
    assert "of 8 tasks done" in progress
    assert "usually" not in progress  # no earlier run had this budget
    [log] = app.code
    assert log.value == "reading <b>rows</b>\ntrial 3: 0.28"


@pytest.mark.parametrize(
    ("lines", "shown"),
    [
        (["trial 2: 0.27", "::endgroup::", "MemoryError"], "trial 2: 0.27\nMemoryError"),
        ([], "No lines: the attempt was ended from outside, such as by a restart of the machine."),
    ],
)
@pytest.mark.parametrize("is_active", [True, False])
def test_a_task_that_was_tried_again_shows_why_its_attempt_ended(
    page: Page, retraining: FakeOperations, lines: list[str], shown: str, *, is_active: bool
) -> None:
    if not is_active:
        del retraining.airflow.runs[0]
    retraining.airflow.runs[0]["attempts"] = {"evaluate": 3}
    retraining.airflow.earlier_logs = {1: ["another error"], 2: lines}

    app = opened(page, RETRAINS)

    [attempt] = [each for each in app.expander if "attempt" in each.label]
    assert attempt.label == f"Why attempt 2 of {TASK_TEXTS['evaluate'].title} ended"
    assert [code.value for code in attempt.code] == [shown]


@pytest.mark.parametrize(("is_active", "intervals"), [(True, {2}), (False, {None})])
def test_only_an_active_retrain_is_polled(
    page: Page,
    retraining: FakeOperations,
    monkeypatch: pytest.MonkeyPatch,
    intervals: set[float | None],
    *,
    is_active: bool,
) -> None:
    if not is_active:
        del retraining.airflow.runs[0]
    polled: list[float | None] = []
    original = st.fragment

    def fragment(
        function: Callable[..., None] | None = None, *, run_every: float | None = None
    ) -> object:
        polled.append(run_every)
        return original(function, run_every=run_every)

    monkeypatch.setattr(st, "fragment", fragment)

    app = opened(page, RETRAINS)

    assert set(polled) == intervals
    assert ("refresh" in keys(app)) is not is_active


def test_a_retrain_is_stopped_with_a_reason(page: Page, retraining: FakeOperations) -> None:
    app = press(opened(page, RETRAINS), STOP)
    assert "Enter a reason" in warnings(app)
    assert retraining.airflow.runs[0]["state"] == "running"

    app.text_input(key="reason_stop_manual__now").set_value("wrong *recipe*")
    press(app, STOP)

    assert retraining.airflow.runs[0]["state"] == "failed"
    entry = retraining.entries[-1]
    assert (entry.action, entry.reason) == ("stop_retrain", "wrong *recipe*")
    table = literal(cells(app))
    assert "Stopped" in table
    assert esc("Stopped by maya: wrong *recipe*") in table
    assert STOP not in keys(app)


def test_a_stopped_retrain_is_no_failure(page: Page, retraining: FakeOperations) -> None:
    del retraining.airflow.runs[0]
    retraining.airflow.runs[0] |= {"state": "failed", "note": "Stopped by maya: wrong *recipe*"}

    app = opened(page, RETRAINS)

    assert esc("Stopped by maya: wrong *recipe*") in words(app)
    assert "3 of 8 tasks done, 5 skipped" in str(app.get("progress")[0].proto.text)
    assert not app.code
    assert "red-badge" not in app.table[0].value.to_string()
    assert "red-badge" not in words(app)


def test_an_act_without_an_answer_says_that_its_outcome_is_unknown(
    page: Page, retraining: FakeOperations
) -> None:
    app = opened(page, RETRAINS)
    retraining.refusal = (503, "operator-check-unavailable")
    app.text_input(key="reason_stop_manual__now").set_value("wrong recipe")

    press(app, STOP)

    assert "unknown whether this was done" in warnings(app)


def test_a_retrain_that_ended_meanwhile_is_not_stopped(
    page: Page, retraining: FakeOperations
) -> None:
    app = opened(page, RETRAINS)
    retraining.refusal = (409, "retrain-ended")
    app.text_input(key="reason_stop_manual__now").set_value("wrong recipe")

    press(app, STOP)

    assert "has ended meanwhile" in warnings(app)


@pytest.mark.usefixtures("retraining")
def test_the_last_retrains_say_by_whom_and_how_they_ended(page: Page) -> None:
    app = opened(page, RETRAINS)

    table = literal(cells(app))
    for text in (esc("jonas <b>"), "Schedule", "New data", "Promoted", "Failed", "2:21"):
        assert text in table
    assert "runs/r2)" in table
    assert len(app.get("vega_lite_chart")) == 1


def test_trials_are_shown_as_they_come(
    page: Page, retraining: FakeOperations, retrained_lake: str
) -> None:
    app = opened(page, RETRAINS)
    assert "The first trial finishes" in words(app)
    assert "of 5:00" in str(app.get("progress")[1].proto.text)

    searched.write_trials(retrained_lake, searched.RUNNING, 3)
    lake_data.trials.clear()
    app.run()

    assert not app.exception
    assert "3 trials, best so far" in words(app)
    retraining.airflow.runs[0]["conf"] = {}
    sources.runs.clear()
    assert "3 trials" not in words(opened(page, RETRAINS))  # a retrain without a search


def test_before_the_first_retrain_the_page_says_what_starts_it(
    page: Page, retraining: FakeOperations, monkeypatch: pytest.MonkeyPatch
) -> None:
    retraining.airflow.runs.clear()
    monkeypatch.setattr(sources, "verdicts", lambda _: fresh([]))

    text = words(opened(page, RETRAINS))

    assert "Never ran" in text
    assert "No retrain yet" in text


@pytest.mark.usefixtures("retraining")
def test_without_airflow_the_page_says_so(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise AirflowUnavailableError("x")

    monkeypatch.setattr(sources, "runs", fail)

    app = opened(page, RETRAINS)

    assert "Airflow is not responding" in warnings(app)
    assert "send_retrain" not in keys(app)


def test_a_viewer_looks_but_cannot_stop(page: Page, retraining: FakeOperations) -> None:
    retraining.refusal = (403, "scope-missing")
    app = opened(page, RETRAINS)
    assert "of 8 tasks done" in str(app.get("progress")[0].proto.text)
    app.text_input(key="reason_stop_manual__now").set_value("wrong recipe")

    press(app, STOP)

    assert "This needs the role Op or Admin" in warnings(app)
    assert retraining.airflow.runs[0]["state"] == "running"
