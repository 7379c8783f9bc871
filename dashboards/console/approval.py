"""The question that a retrain asks before it publishes: who may answer it, and who did."""

from datetime import UTC, datetime

import streamlit as st

from airflow_api.answers import Question, Run
from airflow_api.client import APPROVE
from dashboards import pages
from dashboards.console import data
from dashboards.console.data import Operator
from dashboards.text import age, esc


def show(
    operator: Operator, run: Run | None, question: Question | None, *, elsewhere: bool = False
) -> None:
    """Ask, while the run waits for an answer; say what was answered afterwards.

    `elsewhere`: the evidence stands on another page, and a link leads there.
    """
    if question is None:
        return
    if question.answer is None and run is not None:
        _ask(operator, run, question, elsewhere=elsewhere)
    elif question.answer is not None and question.answer != APPROVE:
        st.warning(refused(question), icon=":material/front_hand:")
    elif question.answered_by:
        st.caption(f":material/verified: Approved by {esc(question.answered_by)}")


def refused(question: Question) -> str:
    """Return who refused, as Markdown."""
    by = f"by {esc(question.answered_by)}" if question.answered_by else "nobody answered in time"
    when = f", {age(question.answered_at)} ago" if question.answered_at else ""
    return f"Not published: refused {by}{when}. People keep what they see."


def _ask(operator: Operator, run: Run, question: Question, *, elsewhere: bool) -> None:
    waits = age(question.asked_at or datetime.now(UTC))
    with st.container(
        border=True,
        horizontal=True,
        vertical_alignment="center",
        horizontal_alignment="distribute",
        gap="small",
    ):
        st.markdown(
            f":orange[:material/front_hand:] **{esc(question.subject)}** "
            f":gray[It has waited for {waits}. Without an answer nothing is published.]",
            width="content",
        )
        with st.container(
            horizontal=True, vertical_alignment="center", width="content", gap="small"
        ):
            if elsewhere:
                st.page_link(pages.models(), label="See the evidence", icon=":material/fact_check:")
            yes = st.button("Approve", key="approve", type="primary", icon=":material/check:")
            no = st.button("Reject", key="reject", icon=":material/close:")
    if yes or no:
        data.answer(operator, run, question, approve=yes)
        st.rerun()
