"""Reruns the page when a retrain reaches its next stage."""

from collections.abc import Mapping, Sequence
from contextlib import suppress

import streamlit as st

from airflow_api.answers import Run
from dashboards.console import lake_data
from dashboards.console.retrains import Retrain
from warehouse.errors import WarehouseError

ACTIVE_SECONDS, IDLE_SECONDS = 3, 20  # interval of checks, with and without a running retrain


def when_changed(dataset: str, shown: Sequence[Retrain], running: Mapping[str, Run]) -> None:
    """Rerun the page when a retrain starts, a search ends or a verdict appears."""
    before = [_stage(retrain) for retrain in shown]

    @st.fragment(run_every=ACTIVE_SECONDS if running else IDLE_SECONDS)
    def check() -> None:
        with suppress(WarehouseError):  # the cards report an unreadable lake
            if [_stage(retrain) for retrain in lake_data.retrains(dataset)] != before:
                st.rerun()

    check()


def _stage(retrain: Retrain) -> tuple[str, bool, bool]:
    return retrain.retrain_id, retrain.search is not None, retrain.verdict is not None
