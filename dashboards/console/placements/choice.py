"""The choice of the placement that the page shows: an existing one, or a new one by its name."""

import re
from collections.abc import Sequence

import streamlit as st

MAX_NAME = 64
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,63}")
_CHOSEN, _NEW, _TYPED = "placement", "placement_new", "placement_name"
FIRST = "home"


def placement(names: Sequence[str]) -> str:
    """Show the choice, and return the name of the chosen placement."""
    new = st.session_state.get(_NEW)
    options = [*names, new] if new and new not in names else [*names]
    if st.session_state.get(_CHOSEN) not in options:
        st.session_state[_CHOSEN] = FIRST if FIRST in options else options[0]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.selectbox("Placement", options, key=_CHOSEN, width=320, persist_state="session")
        with st.popover("New placement", icon=":material/add:", key="new_placement"):
            _form(names)
    return str(chosen)


def _form(names: Sequence[str]) -> None:
    with st.form("name_placement", border=False):
        st.text_input(
            "Name", key=_TYPED, max_chars=MAX_NAME, placeholder="checkout",
            help="The name that your product asks for",
        )  # fmt: skip
        st.form_submit_button("Create", key="create_placement", on_click=_choose_new)
    name = _typed()
    if name and not _NAME.fullmatch(name):
        st.warning(
            "A name begins with a letter and has only a to z, 0 to 9, _ and -.",
            icon=":material/rule:",
        )
    elif name in names:
        st.caption("There is a placement of this name already.")
    else:
        st.caption("The API knows the name once you activate its shelves.")


def _typed() -> str:
    return str(st.session_state.get(_TYPED) or "").strip()


def _choose_new() -> None:
    name = _typed()
    if _NAME.fullmatch(name):
        st.session_state[_NEW] = st.session_state[_CHOSEN] = name
        st.session_state[_TYPED] = ""
