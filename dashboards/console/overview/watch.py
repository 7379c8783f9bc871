"""Runs the page again when another release goes live or a retrain gets its verdict."""

from collections.abc import Sequence
from contextlib import suppress

import streamlit as st
from pydantic import ValidationError

from airflow_api.client import AirflowError
from dashboards.console import last_runs, sources
from dashboards.console.signing_in import fragments
from dashboards.console.sources import Account
from dashboards.settings import NotSetUpError
from serving.errors import ApiError
from serving.schemas import Release, Verdict

SECONDS = 5

State = tuple[object, ...]


def when_changed(
    account: Account, dataset: str, live: Release | None, verdicts: Sequence[Verdict]
) -> None:
    """Run the page again when the live release, a pause, the last verdict or a run changes."""
    dag_id = f"{dataset}__retrain"
    before: list[State] = []
    with suppress(AirflowError):  # the cards report it
        before.append(_state(live, verdicts, is_active=last_runs.is_active(account, dag_id)))

    @fragments.fragment(run_every=SECONDS)
    def check() -> None:
        with suppress(AirflowError, ApiError, NotSetUpError, ValidationError):
            releases = sources.releases(dataset).value
            now = _state(
                next((release for release in releases if release.live), None),
                sources.verdicts(dataset).value,
                is_active=last_runs.is_active(account, dag_id),
            )
            if before and now != before[0]:
                st.rerun()

    check()


def _state(live: Release | None, verdicts: Sequence[Verdict], *, is_active: bool) -> State:
    newest = verdicts[0].retrain_id if verdicts else None
    if live is None:
        return newest, is_active
    return newest, is_active, live.release_id, live.publishing_paused_by
