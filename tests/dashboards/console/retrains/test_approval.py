"""The approval that a retrain asks for: answered on the page Retrains, shown on the others."""

import pytest

from airflow_api.answers import APPROVAL_BY_ANOTHER
from dashboards.console import lake_data, sources
from dashboards.console.retrain_parts import approval
from dashboards.text import esc
from tests.support.dashboards import searched, shop
from tests.support.dashboards.app_pages import Page, cells, fresh, keys, words
from tests.support.dashboards.console_pages import (
    MODELS,
    OVERVIEW,
    RETRAINS,
    opened,
    press,
    warnings,
)
from tests.support.dashboards.fake_airflow import USER, FakeAirflow
from tests.support.dashboards.fake_operations import FakeOperations


@pytest.mark.parametrize(("verb", "answer"), [("approve", "Approve"), ("reject", "Reject")])
def test_an_approval_is_answered_with_a_reason(
    page: Page, retraining: FakeOperations, verb: str, answer: str
) -> None:
    retraining.airflow.ask("manual__now")
    app = opened(page, RETRAINS)
    assert esc("Playground: publish this model?") in words(app)
    assert "Needs approval" in cells(app)

    press(app, f"send_{verb}_manual__now")
    assert "Enter a reason" in warnings(app)
    app.text_input(key=f"reason_{verb}_manual__now").set_value("looked at the lists")
    press(app, f"send_{verb}_manual__now")

    assert retraining.airflow.answers == [answer]
    entry = retraining.entries[-1]
    assert (entry.action, entry.reason) == (verb, "looked at the lists")
    assert f"send_{verb}_manual__now" not in keys(app)


def test_the_account_that_started_a_retrain_cannot_approve_it_if_the_dag_says_so(
    page: Page, retraining: FakeOperations
) -> None:
    airflow = retraining.airflow
    airflow.ask("manual__now")
    airflow.tags.append(APPROVAL_BY_ANOTHER)
    assert "send_approve_manual__now" in keys(opened(page, RETRAINS))

    airflow.runs[0]["triggering_user_name"] = USER
    sources.runs.clear()
    app = opened(page, RETRAINS)

    assert app.button(key="approve_disabled").disabled
    assert "send_approve_manual__now" not in keys(app)
    assert "send_reject_manual__now" in keys(app)


def test_an_approval_says_how_many_events_are_new(
    page: Page, retraining: FakeOperations, monkeypatch: pytest.MonkeyPatch
) -> None:
    retraining.airflow.ask("manual__now")
    monkeypatch.setattr(sources, "releases", lambda _: fresh(shop.releases()))
    n_by_retrain = {shop.RETRAIN: 0}
    monkeypatch.setattr(lake_data, "n_new_events", lambda _, retrain: n_by_retrain[retrain])

    assert "0 new events since the live release" in words(opened(page, RETRAINS))


def test_a_question_of_another_data_set_is_linked(page: Page, retraining: FakeOperations) -> None:
    retraining.airflow.ask("manual__now")
    retraining.airflow.questions[0]["task_instance"]["dag_id"] = "books__retrain"

    links = [link.proto for link in opened(page, RETRAINS).get("page_link")]

    [link] = [each for each in links if "waits for an approval" in each.label]
    assert (link.page, link.query_string) == ("retrains", "dataset=books")


@pytest.mark.parametrize("name", [OVERVIEW, MODELS])
@pytest.mark.usefixtures("retrained_lake")
def test_other_pages_show_the_question_and_lead_to_its_answer(
    page: Page, console: FakeAirflow, name: str
) -> None:
    console.ask("manual__now")

    app = opened(page, name)

    assert esc("Playground: publish this model?") in words(app)
    assert "Needs approval" in cells(app)
    links = [link.proto for link in app.get("page_link")]
    assert [link.page for link in links if link.label == "**Answer**"] == ["retrains"]


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

    text_of_refresh, text_of_first = map(approval.question_text, (refreshed, first))
    assert text_of_refresh.startswith("Publish the live recipe als_11c0 again")
    assert "The challenger als_7f3a did not win: NDCG@10 +0.008" in text_of_refresh
    assert text_of_first.startswith("Publish the first release, als_7f3a? NDCG@10 +0.019")
