"""The menus: a bar at the top for consumers, a sidebar with sections for operators.

Links carry the data set. Streamlit's own menu drops it, and restoring it would add a step to the
browser's history.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import MappingProxyType

import streamlit as st

from dashboards import choices, pages, product_api, ui
from dashboards.settings import NotSetUpError
from serving.errors import ApiError

CONSOLE_ICON = ":material/admin_panel_settings:"


def own_data() -> st.Page:
    """Return the page of what the user did: in a data set without ratings with another title."""
    try:
        dataset = pages.address().get("dataset") or choices.dataset()
        has_ratings = product_api.about(dataset).value.has_ratings
    except (ApiError, NotSetUpError):
        has_ratings = True  # the pages say what is wrong
    return pages.ratings() if has_ratings else pages.ratings(title="My data")


@contextmanager
def bar(shown: Sequence[st.Page]) -> Iterator[None]:
    """Show links side by side, with the block's elements to their right."""
    with ui.spread_row("bar"):
        with st.container(horizontal=True, gap="xsmall", width="content"):
            _links(shown)
            with st.container(key="console_link", width="content"):  # hidden on a phone
                address = pages.address()
                st.page_link(
                    pages.overview(), label="Console", icon=CONSOLE_ICON, query_params=address
                )
        with st.container(width=240):
            yield


def section(
    title: str, shown: Sequence[st.Page], labels: Mapping[str, str] = MappingProxyType({})
) -> None:
    """Show links below a heading. `labels` has labels by path, in place of the pages' titles."""
    with st.container(gap="xxsmall"):
        st.caption(title)
        _links(shown, labels)


def _links(shown: Sequence[st.Page], labels: Mapping[str, str] = MappingProxyType({})) -> None:
    for page in shown:
        if page.visibility != "hidden":
            label = labels.get(page.url_path)
            st.page_link(page, label=label, query_params=pages.address())
