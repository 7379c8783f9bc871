"""Page "Browse": the whole catalogue, by words of its titles and by category."""

import streamlit as st

from dashboards import choices, product_api, states, ui
from dashboards.demo import head
from dashboards.text import esc, plural
from dashboards.ui import Card

ON_A_PAGE, LONGEST_QUERY = 36, 100
MOST_PILLS = 30


def first_page() -> None:
    """Go back to the first page, as another question has other pages."""
    st.session_state["page"] = 1


with states.error_boundary():
    dataset = choices.dataset()
    about = product_api.about(dataset)
    people = product_api.users(dataset)

with head.line(people.value, about.value):
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
        max_chars=LONGEST_QUERY,
        width=340,
        label_visibility="collapsed",
        on_change=first_page,
    )
    or ""
).strip()
category = None
if 0 < len(categories) <= MOST_PILLS:
    category = st.pills(
        "Category",
        categories,
        format_func=esc,
        key="category",
        label_visibility="collapsed",
        on_change=first_page,
    )
elif categories:
    category = st.selectbox(
        "Category",
        categories,
        index=None,
        key="category",
        placeholder="Every category",
        width=340,
        label_visibility="collapsed",
        on_change=first_page,
    )

count, shelf = st.container(), st.container()
with states.error_boundary():
    with shelf, ui.skeletons("browse"):
        found = product_api.items(dataset, q, category, ON_A_PAGE, 0)
    n_pages = max(-(-found.value.total // ON_A_PAGE), 1)
    with st.container(horizontal_alignment="center"):
        page = st.pagination(n_pages, key="page", bind="query-params") if n_pages > 1 else 1
    if page > 1:
        found = product_api.items(dataset, q, category, ON_A_PAGE, (page - 1) * ON_A_PAGE)

with count:
    states.stale_banner(about, found)
    if found.value.total:
        of_all = f" of {plural(noun, about.value.n_items)}" if q or category else ""
        n = found.value.total
        st.caption(f"{n:,}{of_all}" if of_all else plural(noun, n))
    else:
        ui.empty_state(
            f"No {esc(noun)} matches",
            "Words are found by their beginnings. Try fewer letters, or another category.",
        )
with shelf:
    ui.grid([Card(each) for each in found.value.items], "browse")

states.footer(about.value)
