"""What explains a user's list, or who gets an item, with the operator's own Airflow token.

Answers about users are kept for a few seconds only.
"""

import streamlit as st

from dashboards.console.acts.client import BY_TOKEN, as_account
from dashboards.console.sources import Account
from serving.schemas import ItemForUser, ItemInspection, User, UserInspection


@st.cache_data(ttl="5s", max_entries=200, show_spinner=False, hash_funcs=BY_TOKEN)
def find_users(account: Account, dataset: str, prefix: str, limit: int) -> list[User]:
    """Return users whose ids begin with a text, in the order of the ids.

    Raises:
        ScopeMissingError: the account is not an operator's.
    """
    with as_account(account, dataset) as client:
        return client.find_users(prefix, limit=limit)


@st.cache_data(ttl="5s", max_entries=100, show_spinner=False, hash_funcs=BY_TOKEN)
def user(account: Account, dataset: str, user_id: str, limit: int) -> UserInspection:
    """Return what explains the first `limit` items of a user's list.

    Raises:
        SignInRefusedError: Airflow rejects the operator's token.
        ScopeMissingError: the account may not read the DAGs.
        NoReleaseError: the data set has no release yet.
    """
    with as_account(account, dataset) as client:
        return client.inspect_user(user_id, limit=limit)


@st.cache_data(ttl="5s", max_entries=200, show_spinner=False, hash_funcs=BY_TOKEN)
def item_for_user(
    account: Account, dataset: str, user_id: str, item_id: str, limit: int
) -> ItemForUser:
    """Return why an item is or is not among a user's first `limit` items.

    Raises:
        UserErasedError: the user was erased.
    """
    with as_account(account, dataset) as client:
        return client.inspect_item_for_user(user_id, item_id, limit=limit)


@st.cache_data(ttl="30s", max_entries=100, show_spinner=False, hash_funcs=BY_TOKEN)
def item(account: Account, dataset: str, item_id: str) -> ItemInspection:
    """Return who gets an item, or why no user does.

    Raises:
        UnknownItemError: the catalogue never had the item.
    """
    with as_account(account, dataset) as client:
        return client.inspect_item(item_id)
