"""The menus: a bar at the top for consumers, a sidebar with two sections for operators.

Links carry the data set. Streamlit's own menu drops it, and restoring it would add a step to the
browser's history.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import streamlit as st

from dashboards import pages, ui


@contextmanager
def bar(shown: Sequence[st.Page]) -> Iterator[None]:
    """Show links side by side, with the block's elements to their right."""
    with ui.spread_row("bar"):
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
