"""The approval that a retrain may ask for before it publishes."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime

import streamlit as st

from airflow_api.answers import Question, Run, dataset_of
from airflow_api.questions import APPROVE
from dashboards import pages
from dashboards.console import components, evidence, lake_data, sources
from dashboards.console.acts import reason
from dashboards.console.retrain_parts import client
from dashboards.console.sources import Account
from dashboards.settings import NotSetUpError
from dashboards.text import age, esc, moment, plural, with_minus
from serving.errors import ApiError
from serving.schemas import Comparison, Verdict
from warehouse.errors import WarehouseError


def show(
    account: Account,
    dataset: str,
    run: Run | None,
    question: Question | None,
    verdict: Verdict | None,
) -> None:
    """Show the question with its forms while the run waits for an answer; then the answer."""
    _show(run, question, verdict, lambda waiting: _answers(account, dataset, waiting))


def notice(run: Run | None, question: Question | None, verdict: Verdict | None) -> None:
    """Show the question with a link to the page Retrains, where it is answered; or the answer."""
    _show(run, question, verdict, lambda _: _link_to_answer())


def elsewhere(waiting: Sequence[Question], dag_id: str) -> None:
    """Show links to the other data sets whose retrains wait for an answer."""
    others = {question.dag_id for question in waiting} - {dag_id}
    for other in sorted(others):
        dataset = dataset_of(other)
        st.page_link(
            pages.retrains(),
            label=f"A retrain of {esc(dataset)} waits for an approval",
            icon=":material/front_hand:",
            query_params={"dataset": dataset},
        )


def result(question: Question) -> None:
    """Show how a question was answered."""
    if question.answer is not None and question.answer != APPROVE:
        st.warning(rejection(question), icon=":material/front_hand:")
    elif question.answered_by:
        st.caption(f":material/verified: Approved by {esc(question.answered_by)}")


def rejection(question: Question) -> str:
    """Return a rejection, or the lack of an answer, as Markdown."""
    account, at = question.answered_by, question.answered_at
    cause = f"rejected by {esc(account)}" if account else "no answer before the deadline"
    time = f", {age(at)} ago" if at else ""
    return f"Not published: {cause}{time}. The live lists are unchanged."


def question_text(verdict: Verdict) -> str:
    """Return what an approval of this verdict does and how much better the lists are, as text."""
    recipe, compared = verdict.recipe or "the recipe", evidence.comparisons(verdict)
    champion = evidence.best(compared, "champion")
    popularity = evidence.best(compared, "popularity")
    if verdict.verdict == "refresh":
        question = f"Publish the live recipe {recipe} again, fitted on all events?"
        challenger = evidence.best(compared, "challenger")
        if challenger is None or champion is None:
            return f"{question} The challenger is the live recipe itself."
        return f"{question} The challenger {challenger.recipe} did not win:{_lead(champion)}"
    if verdict.verdict == "promote" and champion is not None:
        return f"Replace the live recipe {champion.recipe} by {recipe}?{_lead(champion)}"
    first = f"Publish the first release, {recipe}?"
    return first + (_lead(popularity) if popularity else "")


def _lead(over: Comparison) -> str:
    if over.interval is None:
        return ""
    lead, low, high = over.interval
    figures = with_minus(f"{lead:+.3f} ({low:+.3f} to {high:+.3f})")
    return f" NDCG@10 {figures} over {over.recipe}."


def _show(
    run: Run | None,
    question: Question | None,
    verdict: Verdict | None,
    controls: Callable[[Run], None],
) -> None:
    """Show the question with controls while the run waits for an answer; then the answer."""
    if question is None:
        return
    if question.answer is not None or run is None:
        result(question)
        return
    with components.row(border=True, horizontal_alignment="distribute"):
        _question(question, verdict, dataset_of(run.dag_id))
        with components.row(width="content"):
            _evidence(run)
            controls(run)


def _question(question: Question, verdict: Verdict | None, dataset: str) -> None:
    subject = question.subject if verdict is None else question_text(verdict)
    asked_at = moment(question.asked_at or datetime.now(UTC))
    st.markdown(
        f":orange[:material/front_hand:] **{esc(subject)}** "
        f":gray[Asked {asked_at}. {_new_events(dataset)}Nothing is published without an approval.]",
        width="content",
    )


def _new_events(dataset: str) -> str:
    """Return how much there is to learn since the live release; nothing if that is not known."""
    with suppress(ApiError, NotSetUpError, WarehouseError):  # the cards report them
        releases = sources.releases(dataset).value
        live = next((release.retrain_id for release in releases if release.live), None)
        n_events = lake_data.n_new_events(dataset, live)
        if n_events is not None:
            return f"{plural('new event', n_events).capitalize()} since the live release. "
    return ""


def _evidence(run: Run) -> None:
    st.page_link(
        pages.models(),
        label="View evidence",
        icon=":material/fact_check:",
        query_params=pages.address() | {"retrain": f"{run.dag_id}/{run.run_id}"},
    )


def _link_to_answer() -> None:
    st.page_link(
        pages.retrains(),
        label="**Answer**",
        icon=":material/front_hand:",
        query_params=pages.address(),
    )


def _answers(account: Account, dataset: str, run: Run) -> None:
    dag = client.dag(account, run.dag_id)
    if dag and dag.wants_another_approver and run.started_by == account.name:
        st.button(
            "Approve", "approve_disabled", icon=":material/check:", disabled=True,
            help="You started this retrain: another account must approve it",
        )  # fmt: skip
        approved = None
    else:
        question = "Publish this model? Its lists are then served to all users."
        approved = reason.popover("Approve", f"approve_{run.run_id}", "check", question)
    question = "Reject this model? The live lists stay as they are."
    rejected = reason.popover("Reject", f"reject_{run.run_id}", "close", question)
    if why := approved or rejected:
        client.answer(account, dataset, run, approve=bool(approved), reason=why)
        st.rerun()
