"""The note at the top of a page: what the last action did, and how to undo it."""

from collections.abc import Callable

import streamlit as st

from dashboards.demo import visit
from dashboards.demo.feedback import callbacks, undoing


def last_action(otherwise: str = "") -> None:
    """Show the last action of the visit and a button that undoes it; else the other text.

    Both are Markdown. Put them into a horizontal container.
    """
    last = visit.message()
    text = last.text if last else otherwise
    if text:
        st.caption(text, width="content")
    if last and last.acts:
        _button("Undo", "undo", undoing.undo, last.acts)
    if last and last.removal:
        removed = last.removal
        _button(
            "Put back", "put-back", callbacks.act_on_pieces, (removed.item, removed.kind, removed.n)
        )


def _button(label: str, key: str, act: Callable[..., None], args: tuple[object, ...]) -> None:
    st.button(label, type="tertiary", key=key, icon=":material/undo:", on_click=act, args=args)
