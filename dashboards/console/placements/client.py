"""The API's placements, read and changed with the operator's own Airflow token."""

from collections.abc import Sequence

import streamlit as st

from dashboards import product_api
from dashboards.console.acts.client import BY_TOKEN, acting_as, as_account
from dashboards.console.sources import Account
from serving.schemas import PlacementPreview, PlacementShelf, PlacementVersion

MAX_VERSIONS = 10


@st.cache_data(ttl="5s", show_spinner=False, hash_funcs=BY_TOKEN)
def active(account: Account, dataset: str) -> list[PlacementVersion]:
    """Return the active version of every placement, by name.

    Raises:
        SignInRefusedError: Airflow rejects the operator's token.
        ScopeMissingError: the account is not an operator's.
    """
    with as_account(account, dataset) as client:
        return client.placements()


@st.cache_data(ttl="5s", show_spinner=False, hash_funcs=BY_TOKEN)
def history(account: Account, dataset: str, name: str) -> list[PlacementVersion]:
    """Return the last versions of a placement, newest first.

    Raises:
        UnknownPlacementError: there is no such placement.
    """
    with as_account(account, dataset) as client:
        return client.placement_history(name, limit=MAX_VERSIONS)


def preview(
    account: Account,
    dataset: str,
    shelves: Sequence[PlacementShelf],
    user_id: str | None,
    item_ids: Sequence[str],
) -> PlacementPreview:
    """Return what a user would see, with the shelves that would be left out.

    Raises:
        UserErasedError: the user was erased.
        RequestRefusedError: a filter is not valid.
    """
    with as_account(account, dataset) as client:
        return client.preview_placement(shelves, user_id=user_id, item_ids=item_ids)


def replace(
    account: Account,
    dataset: str,
    name: str,
    shelves: Sequence[PlacementShelf],
    *,
    instead_of: int,
    reason: str,
) -> PlacementVersion:
    """Create or change a placement and return its new version.

    Raises:
        PlacementChangedError: the active version is no longer `instead_of`.
        RequestRefusedError: a filter is not valid.
    """
    with acting_as(account, dataset, _clear) as client:
        return client.replace_placement(name, shelves, instead_of=instead_of, reason=reason)


def activate(
    account: Account, dataset: str, name: str, version: int, *, instead_of: int, reason: str
) -> PlacementVersion:
    """Activate an earlier version and return the new version that has its shelves.

    Raises:
        PlacementChangedError: the active version is no longer `instead_of`.
        RequestRefusedError: a filter of the version is not valid any more.
    """
    with acting_as(account, dataset, _clear) as client:
        return client.activate_placement(name, version, instead_of=instead_of, reason=reason)


def _clear() -> None:
    """Let the next runs of this page and of the demo's pages read the shelves again."""
    active.clear()
    history.clear()
    product_api.placement.clear()
