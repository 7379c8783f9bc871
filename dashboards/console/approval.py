"""The approval that a retrain may ask for before it publishes."""

from datetime import UTC, datetime

import streamlit as st

from airflow_api.answers import Question, Run
from airflow_api.client import APPROVE
from dashboards import pages
from dashboards.console import components, data, evidence
from dashboards.console.data import Operator
from dashboards.text import age, esc
from serving.schemas import Comparison, Verdict


def show(
    operator: Operator,
    run: Run | None,
    question: Question | None,
    verdict: Verdict | None,
    *,
    link_to_evidence: bool = False,
) -> None:
    """Show the buttons while the run waits for an answer; afterwards show the answer."""
    if question is None:
        return
    if question.answer is None and run is not None:
        _ask(operator, run, question, verdict, link_to_evidence=link_to_evidence)
    elif question.answer is not None and question.answer != APPROVE:
        st.warning(rejection(question), icon=":material/front_hand:")
    elif question.answered_by:
        st.caption(f":material/verified: Approved by {esc(question.answered_by)}")


def rejection(question: Question) -> str:
    """Return a rejection, or the lack of an answer, as Markdown."""
    operator, at = question.answered_by, question.answered_at
    cause = f"rejected by {esc(operator)}" if operator else "no answer before the deadline"
    time = f", {age(at)} ago" if at else ""
    return f"Not published: {cause}{time}. The live lists are unchanged."


def asked(verdict: Verdict) -> str:
    """Return what an approval of this verdict does and how much better the lists are, as text."""
    recipe, compared = verdict.recipe or "the recipe", evidence.comparisons(verdict)
    champion = evidence.best(compared, "champion")
    popularity = evidence.best(compared, "popularity")
    if verdict.verdict == "refresh":
        return f"Publish the live recipe {recipe}, fitted on the newest events? It stays the same."
    if verdict.verdict == "promote" and champion is not None:
        return f"Replace the live recipe {champion.recipe} by {recipe}?{_lead(champion)}"
    first = f"Publish the first release, {recipe}?"
    return first + (_lead(popularity) if popularity else "")


def _lead(over: Comparison) -> str:
    if over.interval is None:
        return ""
    lead, low, high = over.interval
    return f" NDCG@10 {lead:+.3f} ({low:+.3f} to {high:+.3f}) over {over.recipe}."


def _ask(
    operator: Operator,
    run: Run,
    question: Question,
    verdict: Verdict | None,
    *,
    link_to_evidence: bool,
) -> None:
    subject = question.subject if verdict is None else asked(verdict)
    waiting = age(question.asked_at or datetime.now(UTC))
    with components.row(border=True, horizontal_alignment="distribute"):
        st.markdown(
            f":orange[:material/front_hand:] **{esc(subject)}** "
            f":gray[Waiting for {waiting}. Nothing is published without an approval.]",
            width="content",
        )
        with components.row(width="content"):
            if link_to_evidence:
                st.page_link(pages.models(), label="View evidence", icon=":material/fact_check:")
            approved = st.button("Approve", key="approve", type="primary", icon=":material/check:")
            rejected = st.button("Reject", key="reject", icon=":material/close:")
    if approved or rejected:
        data.answer(operator, run, question, approve=approved)
        st.rerun()
