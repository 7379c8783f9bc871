"""The note at the top of a page: what the last action did, and how to undo it."""

import streamlit as st

from dashboards.demo import feedback, visit


def last_action(otherwise: str = "") -> None:
    """Show the last action of the visit and a button that undoes it; else the other text.

    Both are Markdown. Put them into a horizontal container.
    """
    last = visit.message()
    text = last.text if last else otherwise
    if text:
        st.caption(text, width="content")
    if last and last.act:
        st.button(
            "Undo",
            type="tertiary",
            key="undo",
            icon=":material/undo:",
            on_click=feedback.undo,
            args=(last.act,),
        )
