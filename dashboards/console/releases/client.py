"""Releases, read and changed with the operator's own Airflow token."""

from collections.abc import Callable

import streamlit as st

from dashboards.console import sources
from dashboards.console.acts.client import BY_TOKEN, acting_as, as_account
from dashboards.console.sources import Account
from serving.operator_client import OperatorClient
from serving.schemas import LiveState, PastRelease, ReleaseChanges

SHOWN_RELEASES = 20


@st.cache_data(ttl="5s", show_spinner=False, hash_funcs=BY_TOKEN)
def history(account: Account, dataset: str) -> list[PastRelease]:
    """Return the newest releases, newest first, deleted ones included.

    Raises:
        SignInRefusedError: Airflow rejects the operator's token.
        ScopeMissingError: the account is not an operator's.
        OperatorsNotConfiguredError: the API does not know Airflow's address.
    """
    with as_account(account, dataset) as client:
        return client.release_history(limit=SHOWN_RELEASES)


@st.cache_data(ttl="10m", max_entries=50, show_spinner=False, hash_funcs=BY_TOKEN)
def changes(account: Account, dataset: str, release_id: int, since: int) -> ReleaseChanges:
    """Return what changed in the lists from the release `since` to `release_id`.

    Raises:
        ReleaseNotReadyError: the lists of one of them were deleted.
    """
    with as_account(account, dataset) as client:
        return client.release_changes(release_id, since=since)


def act(
    account: Account, dataset: str, perform: Callable[[OperatorClient], LiveState]
) -> LiveState:
    """Perform an act on the releases, and let the next calls see it.

    Raises:
        LiveReleaseChangedError: another release is live than the operator saw.
        ReleaseNotReadyError: the release cannot go live.
        NoEarlierReleaseError: no older release is kept.
    """
    with acting_as(account, dataset, history.clear, sources.releases.clear) as client:
        return perform(client)
