"""Page "Browse": the catalogue, searched by title, filtered by category and decade, and sorted."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, get_args

import streamlit as st

from dashboards import choices, offers, product_api, states, ui
from dashboards.demo import filters
from dashboards.demo.header import header
from dashboards.demo.words import decades
from dashboards.text import esc, plural
from serving.schemas import About, ItemOrder

PER_PAGE, MAX_QUERY_LENGTH = 36, 100
WIDTH, ORDER_WIDTH = 150, 190  # of a choice among few
MAX_PILLS = 30  # more categories than that become a select box
ORDERS: dict[ItemOrder, str] = {
    "relevance": "Most popular",
    "cheapest": "Price: low to high",
    "dearest": "Price: high to low",
    "added": "New arrivals",
    "newest": "Year: newest first",
    "oldest": "Year: oldest first",
    "title": "A to Z",
}
SEARCHED: dict[ItemOrder, str] = {"relevance": "Best match", "popular": "Most popular"}
OF_YEARS: tuple[ItemOrder, ...] = ("newest", "oldest")
OF_PRICES: tuple[ItemOrder, ...] = ("cheapest", "dearest")
DEFAULT_ORDER: ItemOrder = get_args(ItemOrder)[0]


def first_page() -> None:
    """Go to the first page: another query has other pages."""
    st.session_state["page"] = 1


def category_picker(categories: list[str]) -> str | None:
    """Show the categories, and return the chosen one."""
    if len(categories) > MAX_PILLS:
        return select("category", "Category", categories, placeholder="All categories", width=340)
    filters.read("category", categories)
    chosen = None
    if categories:
        chosen = st.pills(
            "Category",
            categories,
            format_func=esc,
            key="category",
            label_visibility="collapsed",
            on_change=first_page,
        )
    filters.write("category")
    return chosen


def select(name: str, label: str, options: Sequence[str], **shown: Any) -> str | None:
    """Show a choice that is in the address too, and return what is chosen; None if nothing is."""
    filters.read(name, options)
    chosen: str | None = st.selectbox(
        label,
        options,
        index=None,
        key=name,
        label_visibility="collapsed",
        on_change=first_page,
        **shown,
    )
    filters.write(name)
    return chosen


def decade_picker(dataset: str) -> tuple[int, int] | None:
    """Show the decades of the catalogue, and return the years of the chosen one."""
    options = decades.between(product_api.released_years(dataset).value)
    if len(options) < 2:  # noqa: PLR2004 # a choice
        return None
    chosen = select(
        "decade", "Decade", options,
        format_func=decades.label, placeholder="Any decade", width=WIDTH,
    )  # fmt: skip
    return None if chosen is None else decades.years(chosen)


def price_picker(about: About) -> str | None:
    """Show ceilings of the price, and return the chosen one; None if items have no prices."""
    if about.display.price is None:
        return None
    options = [str(ceiling) for ceiling in offers.CEILINGS]

    def text(option: str) -> str:
        return f"Up to {offers.price_text(int(option), about.display.currency)}"

    return select("up_to", "Price", options, format_func=text, placeholder="Any price", width=WIDTH)


def stock_picker(about: About) -> bool:
    """Show whether sold-out items are left out, and return it."""
    if about.display.stock is None:
        return False
    return st.toggle("In stock", key="in_stock", bind="query-params", on_change=first_page)


def condition(about: About) -> str | None:
    """Show what items of a shop can be filtered by, and return the filter."""
    ceiling, only_in_stock = price_picker(about), stock_picker(about)
    parts = [
        offers.up_to(ceiling, about) if ceiling else None,
        offers.in_stock(about) if only_in_stock else None,
    ]
    return " and ".join(filter(None, parts)) or None


def orders(about: About, *, have_years: bool, is_search: bool) -> dict[ItemOrder, str]:
    """Return the orders that the data set has, and their names.

    Among results of a search, the most popular ones are not the best matches.
    """
    display = about.display
    lacking = {
        *(() if have_years else OF_YEARS),
        *(() if display.price else OF_PRICES),
        *(() if display.since else ("added",)),
    }
    named = SEARCHED | {n: ORDERS[n] for n in ORDERS if n not in SEARCHED} if is_search else ORDERS
    return {order: name for order, name in named.items() if order not in lacking}


def order_picker(named: Mapping[ItemOrder, str]) -> ItemOrder:
    """Show the orders, and return the chosen one."""
    filters.read("sort", named, DEFAULT_ORDER)
    order = st.session_state["sort"]  # maybe "Most popular" of a search that ended
    # Set in every run: the browser sends the label that it shows, and a search gives it to another
    # order. Else the first search would be sorted by popularity from its next letter on.
    st.session_state["sort"] = order if order in named else DEFAULT_ORDER
    chosen = st.selectbox(
        "Order",
        [*named],
        format_func=lambda order: named.get(order, order),
        key="sort",
        width=ORDER_WIDTH,
        label_visibility="collapsed",
        on_change=first_page,
    )
    filters.write("sort", DEFAULT_ORDER)
    return chosen


with states.error_boundary():
    dataset = choices.dataset()
    about = product_api.about(dataset)
noun = about.value.item_noun

with header(about.value):
    st.title("Browse", anchor=False, width="content")

with (
    states.error_boundary(),
    st.container(horizontal=True, gap="small", vertical_alignment="center", key="filters"),
):
    q = st.text_input(
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
    q = (q or "").strip()
    have_years = bool(product_api.released_years(dataset).value)
    sort = order_picker(orders(about.value, have_years=have_years, is_search=bool(q)))
    years = decade_picker(dataset)
    where = condition(about.value)
category = category_picker(list(about.value.categories))

count, results, pager = st.container(), st.container(), st.container()
with states.error_boundary(), results, ui.skeletons("browse", in_grid=True):
    ask = partial(
        product_api.items, dataset, q, category, PER_PAGE, years=years, sort=sort, where=where
    )
    answer = ask(0)
    n_found = answer.value.total
    n_pages = max(-(-n_found // PER_PAGE), 1)
    with pager, st.container(horizontal_alignment="center"):
        page = st.pagination(n_pages, key="page", bind="query-params") if n_pages > 1 else 1
    if page > 1:
        answer = ask((page - 1) * PER_PAGE)

with count:
    states.stale_banner(about, answer)
    if not n_found:
        ui.empty_state(
            f"No {plural(noun)} found",
            "Check the spelling, try a shorter word or remove a filter.",
        )
    elif q or category or years or where:
        st.caption(f"{n_found:,} of {plural(noun, about.value.n_items)}")
    else:
        st.caption(plural(noun, n_found))
with results:
    cards = [offers.card(item, offers.of(item, about.value)) for item in answer.value.items]
    ui.grid(cards, "browse")

states.footer(about.value)
