"""Reruns the page when a retrain reaches its next stage."""

from collections.abc import Mapping, Sequence
from contextlib import suppress

import streamlit as st

from airflow_api.answers import Question, Run
from airflow_api.client import AirflowError
from dashboards.console import lake_data, sources
from dashboards.console.retrain_rows import Retrain
from dashboards.console.signing_in import fragments
from dashboards.console.sources import Account
from warehouse.errors import WarehouseError

ACTIVE_SECONDS, IDLE_SECONDS = 3, 20  # interval of checks, with and without a running retrain


def when_changed(
    account: Account,
    dataset: str,
    shown: Sequence[Retrain],
    running: Mapping[str, Run],
    questions: Mapping[str, Question],
) -> None:
    """Rerun the page when a retrain starts, a search ends, a verdict or a question appears."""
    before = [_stage(retrain) for retrain in shown], _answers(questions)

    @fragments.fragment(run_every=ACTIVE_SECONDS if running else IDLE_SECONDS)
    def check() -> None:
        with suppress(WarehouseError, AirflowError):  # the cards report them
            stages = [_stage(retrain) for retrain in lake_data.retrains(dataset)]
            questions_now = sources.questions(account, f"{dataset}__retrain")
            if (stages, _answers(questions_now)) != before:
                st.rerun()

    check()


def _stage(retrain: Retrain) -> tuple[str, bool, bool]:
    return retrain.retrain_id, retrain.search is not None, retrain.verdict is not None


def _answers(questions: Mapping[str, Question]) -> dict[str, str | None]:
    return {run_id: question.answer for run_id, question in questions.items()}
