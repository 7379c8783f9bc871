"""Shows the page again when a retrain starts, ends, asks or is answered."""

from collections.abc import Mapping, Sequence
from contextlib import suppress

import streamlit as st

from airflow_api.answers import Question, Run
from airflow_api.client import AirflowError
from dashboards.console import runs, sources
from dashboards.console.sources import Account

SHOWN_RUNS = 20
State = tuple[object, ...]


def state(newest: Sequence[Run], questions: Mapping[str, Question]) -> State:
    """Return what changes when a retrain reaches its next stage."""
    answers = {run_id: question.answer for run_id, question in questions.items()}
    return tuple((run.run_id, run.state, answers.get(run.run_id, "")) for run in newest)


def when_changed(account: Account, dag_id: str, before: State) -> None:
    """Show the page again if the state of the runs is another one. Called by a fragment."""
    with suppress(AirflowError):  # the cards report it
        newest, questions = (
            sources.runs(account, dag_id, SHOWN_RUNS),
            sources.questions(account, dag_id),
        )
        if state(newest, questions) != before:
            if not any(run.state in runs.ACTIVE for run in newest):
                sources.refresh_after_run()
            st.rerun()
