"""The first line of each page of the demo: its title, and who somebody is at the right of it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import streamlit as st

from dashboards import choices
from dashboards.demo import acting
from serving.schemas import About, User


@contextmanager
def line(known: Sequence[User], about: About, *, start: bool = False) -> Iterator[None]:
    """Show what is drawn inside, then the choice of person; with `start` one may begin as new."""
    with st.container(
        horizontal=True,
        vertical_alignment="center",
        horizontal_alignment="distribute",
        gap="small",
        key="head",
    ):
        yield
        with st.container(horizontal=True, width="content", gap="small"):
            choices.user_picker(known, about)
            if start:
                st.button("Start as somebody new", key="start", on_click=acting.start)
