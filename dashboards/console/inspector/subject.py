"""Which user and which item the Inspector is about: in the address, with a search for each."""

from dataclasses import dataclass

import streamlit as st

from dashboards import choices, product_api, ui
from dashboards.console.components import button, row
from dashboards.console.inspector import client
from dashboards.console.sources import Account
from dashboards.identity import visitors
from dashboards.text import esc
from serving.schemas import About, Item
from serving.schemas.base import MAX_ID_LENGTH

MAX_USERS, MAX_ITEMS = 8, 6
_NAMES = ("user", "item")
_LAST = "inspected"  # what the last visit of the page was about
_USER, _ITEM = "inspect_user", "inspect_item"
_SHOWN = "inspected_user"  # the user whose id the field was last filled with


@dataclass(frozen=True)
class Subject:
    """The chosen user and item; empty if none is chosen."""

    user_id: str
    item_id: str


def of_address() -> Subject:
    """Return the user and the item that the address names, else those of the last visit."""
    kept = st.session_state.get(_LAST, {})
    if not any(name in st.query_params for name in _NAMES):
        st.query_params.update(kept)
    st.session_state[_LAST] = {n: st.query_params[n] for n in _NAMES if n in st.query_params}
    user_id, item_id = (st.query_params.get(name, "")[:MAX_ID_LENGTH] for name in _NAMES)
    return Subject(user_id, item_id)


def choose(name: str, value: str) -> None:
    """Inspect a user (`name` "user") or an item ("item"); an empty value ends that."""
    if value:
        st.query_params[name] = value
    else:
        st.query_params.pop(name, None)
        st.session_state.get(_LAST, {}).pop(name, None)
    st.session_state[_ITEM] = ""


def fields(account: Account, dataset: str, about: About, subject: Subject) -> None:
    """Show the fields for a user and for an item, each with what matches the text in it."""
    left, right = st.columns(2, gap="medium")
    with left:
        _user_field(account, dataset, about, subject)
    with right:
        _item_field(dataset, about, subject)


def _user_field(account: Account, dataset: str, about: About, subject: Subject) -> None:
    if st.session_state.get(_SHOWN) != subject.user_id or _USER not in st.session_state:
        st.session_state[_USER] = st.session_state[_SHOWN] = subject.user_id
    typed = st.text_input(
        "User",
        key=_USER,
        max_chars=MAX_ID_LENGTH,
        placeholder="An id, or its beginning",
        icon=":material/person_search:",
        type="search",
    )
    typed = (typed or "").strip()
    if typed == subject.user_id:
        return
    # Only operators may search: a viewer's text is taken for an id.
    is_search = bool(typed) and visitors.is_operator()
    matches = client.find_users(account, dataset, typed, MAX_USERS) if is_search else []
    if not matches or typed in {user.user_id for user in matches}:
        choose("user", typed)
        st.rerun()
    st.caption(f"Ids that begin with {esc(typed)}")
    with st.container(horizontal=True, gap="xsmall"):
        for user in matches:
            button(
                esc(user.user_id), f"choose_user_{user.user_id}", "", choose, "user", user.user_id,
                help=esc(choices.n_known(user, about)),
            )  # fmt: skip


def _item_field(dataset: str, about: About, subject: Subject) -> None:
    noun = about.item_noun
    q = st.text_input(
        esc(noun.capitalize()),
        key=_ITEM,
        max_chars=MAX_ID_LENGTH,
        placeholder=f"Why not another {noun}? Search titles"
        if subject.user_id
        else "Search titles",
        icon=":material/search:",
        type="search",
        live="300ms",
    )
    q = (q or "").strip()
    if not q:
        return
    items = product_api.items(dataset, q, None, MAX_ITEMS, 0).value.items
    for item in items:
        _match(item)
    # search does not find withdrawn items
    button(
        f":gray[:small[Look up the id {esc(q)}]]", "choose_item_id", "", choose, "item", q,
        type="tertiary",
    )  # fmt: skip


def _match(item: Item) -> None:
    with row(gap="xsmall"):
        button(
            esc(item.title), f"choose_item_{item.item_id}", "", choose, "item", item.item_id,
            type="tertiary",
        )  # fmt: skip
        st.caption(ui.facts(item), width="content")
