"""The choices that apply to all pages: the data set and the user.

Both are also in the address, so that a reload, a bookmark and the browser's history keep them.
"""

from collections.abc import Container, Sequence

import streamlit as st

from dashboards import product_api
from dashboards.text import plural
from serving.schemas import About, User

NEW_VISITOR = "new-visitor"  # the id of users who have not rated or hidden anything
NEW_USER_PREFIX = "n-"  # of the ids that the API creates
MAX_ID_LENGTH = 200
LIST_LENGTH = 20  # items
_ADDRESS = "last-address"


def dataset() -> str:
    """Return the chosen data set, by default the first one."""
    chosen = st.session_state.get("dataset")
    return str(chosen) if chosen else product_api.datasets()[0]


def dataset_picker(titles: dict[str, str]) -> None:
    """Show the choice of data set if there are several."""
    if len(titles) < 2:  # noqa: PLR2004 # a choice
        return
    _read_address("dataset", titles)
    st.selectbox(
        "Data set",
        list(titles),
        format_func=lambda name: titles.get(name, name),
        key="dataset",
        persist_state="session",
    )
    _write_address("dataset", next(iter(titles)))


def user() -> str:
    """Return the id of the chosen user, by default that of new visitors."""
    return _chosen_user() or NEW_VISITOR


def user_picker(users: Sequence[User], about: About) -> None:
    """Show the choice of user; ids that are not listed can be typed."""
    labels = {user.user_id: _label(user, about) for user in users} | {NEW_VISITOR: "New visitor"}
    first = next(iter(labels))
    _read_address("user")
    # Each page has a widget of its own, which starts with its first option unless this is set.
    chosen = st.session_state["user"] = _chosen_user() or first
    # The browser sends the label, not the id, of a value that is not among the options.
    labels.setdefault(chosen, f"User {chosen}")
    st.selectbox(
        "User",
        list(labels),
        format_func=lambda user_id: labels.get(user_id, f"User {user_id}"),
        key="user",
        persist_state="session",
        accept_new_options=True,
        placeholder="Pick a user or type an ID",
        label_visibility="collapsed",
        width=300,
    )
    _write_address("user", first)


def _chosen_user() -> str | None:
    chosen = st.session_state.get("user") or st.query_params.get("user")
    return str(chosen)[:MAX_ID_LENGTH] if chosen else None


def _label(user: User, about: About) -> str:
    return f"User {user.user_id} · {plural(about.item_noun, user.n_rated)} rated"


def _read_address(name: str, options: Container[str] | None = None) -> None:
    """Choose the value in the address if a link or the browser's history has changed it."""
    value = st.query_params.get(name)
    changed = value != _last_address().get(name) or name not in st.session_state
    if value and changed and (options is None or value in options):
        st.session_state[name] = value[:MAX_ID_LENGTH]


def _write_address(name: str, default: str) -> None:
    """Write the choice into the address, unless it is the default."""
    chosen = st.session_state.get(name)
    if chosen and chosen != (st.query_params.get(name) or default):
        st.query_params[name] = chosen
    _last_address()[name] = st.query_params.get(name)


def _last_address() -> dict[str, str | None]:
    last: dict[str, str | None] = st.session_state.setdefault(_ADDRESS, {})
    return last
