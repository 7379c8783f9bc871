"""Choices that are also in the address of a page, so that links, reloads and Back keep them.

Streamlit's own binding to the address has the labels of options, which are escaped, and refuses the
options themselves.
"""

from collections.abc import Container

import streamlit as st

_LAST = "last-filters"  # key of the session's state: values of the address by name


def read(name: str, options: Container[str], default: str | None = None) -> None:
    """Choose the value in the address if it has changed. Call this before the widget `name`."""
    value = st.query_params.get(name)
    if name not in st.session_state or value != _last().get(name):
        st.session_state[name] = value if value in options else default


def write(name: str, default: str | None = None) -> None:
    """Write the choice into the address, unless it is the default. Call this after the widget."""
    chosen = st.session_state.get(name)
    if chosen is None or chosen == default:
        if name in st.query_params:
            del st.query_params[name]
    elif chosen != st.query_params.get(name):
        st.query_params[name] = chosen
    _last()[name] = st.query_params.get(name)


def _last() -> dict[str, str | None]:
    last: dict[str, str | None] = st.session_state.setdefault(_LAST, {})
    return last
