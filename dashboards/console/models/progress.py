"""Looks again while a retrain runs, and shows the whole page anew when the lake knows more."""

from collections.abc import Mapping, Sequence

import streamlit as st

from airflow_api.answers import Run
from dashboards.console import data
from dashboards.console.retrains import Retrain
from warehouse.errors import WarehouseError

BUSY, QUIET = 3, 20  # seconds between two looks


def watch_for_news(dataset: str, known: Sequence[Retrain], running: Mapping[str, Run]) -> None:
    """Start the page again once there is a retrain, a search's end or a verdict that is new."""
    before = [_stage(each) for each in known]

    @st.fragment(run_every=BUSY if running else QUIET)
    def look() -> None:
        """Compare what the lake holds with what is shown."""
        try:
            now = [_stage(each) for each in data.retrains(dataset)]
        except WarehouseError:
            return
        if now != before:
            st.rerun()

    look()


def _stage(retrain: Retrain) -> tuple[str, bool, bool]:
    return retrain.retrain_id, retrain.search is not None, retrain.verdict is not None
