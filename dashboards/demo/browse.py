"""Page "Browse": the catalogue, searched by words of titles and filtered by category."""

import streamlit as st

from dashboards import choices, product_api, states, ui
from dashboards.demo.header import header
from dashboards.text import esc, plural
from dashboards.ui import Card

PER_PAGE, MAX_QUERY_LENGTH = 36, 100
MAX_PILLS = 30  # more categories than that become a select box


def first_page() -> None:
    """Go to the first page: another query has other pages."""
    st.session_state["page"] = 1


with states.error_boundary():
    dataset = choices.dataset()
    about = product_api.about(dataset)

with header(about.value):
    st.title("Browse", anchor=False, width="content")

noun, categories = about.value.item_noun, list(about.value.categories)
q = (
    st.text_input(
        "Title",
        placeholder="Search titles",
        icon=":material/search:",
        type="search",
        key="q",
        bind="query-params",
        live="300ms",
        max_chars=MAX_QUERY_LENGTH,
        width=340,
        label_visibility="collapsed",
        on_change=first_page,
    )
    or ""
).strip()
category = None
if 0 < len(categories) <= MAX_PILLS:
    category = st.pills(
        "Category",
        categories,
        format_func=esc,
        key="category",
        bind="query-params",
        label_visibility="collapsed",
        on_change=first_page,
    )
elif categories:
    category = st.selectbox(
        "Category",
        categories,
        index=None,
        key="category",
        bind="query-params",
        placeholder="All categories",
        width=340,
        label_visibility="collapsed",
        on_change=first_page,
    )

count, results = st.container(), st.container()
with states.error_boundary():
    with results, ui.skeletons("browse"):
        answer = product_api.items(dataset, q, category, PER_PAGE, 0)
    n_found = answer.value.total
    n_pages = max(-(-n_found // PER_PAGE), 1)
    with st.container(horizontal_alignment="center"):
        page = st.pagination(n_pages, key="page", bind="query-params") if n_pages > 1 else 1
    if page > 1:
        answer = product_api.items(dataset, q, category, PER_PAGE, (page - 1) * PER_PAGE)

with count:
    states.stale_banner(about, answer)
    if not n_found:
        ui.empty_state(
            f"No {plural(noun)} found",
            "Check the spelling, try a shorter word or choose another category.",
        )
    elif q or category:
        st.caption(f"{n_found:,} of {plural(noun, about.value.n_items)}")
    else:
        st.caption(plural(noun, n_found))
with results:
    ui.grid([Card(item) for item in answer.value.items], "browse")

states.footer(about.value)
