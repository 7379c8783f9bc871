"""Where one can go: a bar on top for consumers, a sidebar with two sections for operators.

Links carry the person and the data set. A menu of Streamlit's own drops both, and putting them
back would take a second press of the browser's button to go back.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import streamlit as st

from dashboards import pages


@contextmanager
def bar(shown: Sequence[st.Page]) -> Iterator[None]:
    """Show links side by side; what is drawn inside stands at their right."""
    with st.container(
        horizontal=True,
        vertical_alignment="center",
        horizontal_alignment="distribute",
        gap="small",
        key="bar",
    ):
        with st.container(horizontal=True, gap="xsmall", width="content"):
            _links(shown)
        with st.container(width=240):
            yield


def sections(by_title: Mapping[str, Sequence[st.Page]]) -> None:
    """Show links below headings."""
    for title, shown in by_title.items():
        with st.container(gap="xxsmall"):
            st.caption(title)
            _links(shown)


def _links(shown: Sequence[st.Page]) -> None:
    for page in shown:
        if page.visibility != "hidden":
            st.page_link(page, query_params=pages.address())
