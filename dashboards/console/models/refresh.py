"""Reruns the page when a retrain reaches its next stage."""

from collections.abc import Mapping, Sequence

import streamlit as st

from airflow_api.answers import Run
from dashboards.console import lake_data
from dashboards.console.retrains import Retrain
from warehouse.errors import WarehouseError

ACTIVE_SECONDS, IDLE_SECONDS = 3, 20  # between two checks, with and without a running retrain


def when_changed(dataset: str, shown: Sequence[Retrain], running: Mapping[str, Run]) -> None:
    """Rerun the page when there is a new retrain, finished search or verdict."""
    before = [_stage(retrain) for retrain in shown]

    @st.fragment(run_every=ACTIVE_SECONDS if running else IDLE_SECONDS)
    def check() -> None:
        """Compare the lake with what is shown. An unreadable lake is reported by the cards."""
        try:
            now = [_stage(retrain) for retrain in lake_data.retrains(dataset)]
        except WarehouseError:
            return
        if now != before:
            st.rerun()

    check()


def _stage(retrain: Retrain) -> tuple[str, bool, bool]:
    return retrain.retrain_id, retrain.search is not None, retrain.verdict is not None
