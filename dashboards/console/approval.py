"""The approval that a retrain may ask for before it publishes."""

from datetime import UTC, datetime

import streamlit as st

from airflow_api.answers import Question, Run
from airflow_api.client import APPROVE
from dashboards import pages
from dashboards.console import components, data
from dashboards.console.data import Operator
from dashboards.text import age, esc


def show(
    operator: Operator,
    run: Run | None,
    question: Question | None,
    *,
    link_to_evidence: bool = False,
) -> None:
    """Show the buttons while the run waits for an answer; afterwards show the answer."""
    if question is None:
        return
    if question.answer is None and run is not None:
        _ask(operator, run, question, link_to_evidence=link_to_evidence)
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


def _ask(operator: Operator, run: Run, question: Question, *, link_to_evidence: bool) -> None:
    waiting = age(question.asked_at or datetime.now(UTC))
    with components.row(border=True, horizontal_alignment="distribute"):
        st.markdown(
            f":orange[:material/front_hand:] **{esc(question.subject)}** "
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
