"""The first line of each page of the demo: a title on the left, the choice of user on the right."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import streamlit as st

from dashboards import choices, ui
from dashboards.demo import feedback
from serving.schemas import About, User


@contextmanager
def header(users: Sequence[User], about: About, *, start: bool = False) -> Iterator[None]:
    """Show the block's elements, then the choice of user and, with `start`, a button to begin."""
    with ui.spread_row("head"):
        yield
        with st.container(horizontal=True, width="content", gap="small"):
            choices.user_picker(users, about)
            if start:
                st.button("I'm new here", key="start", on_click=feedback.start_as_new)
