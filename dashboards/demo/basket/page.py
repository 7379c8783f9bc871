"""Page "Basket": what the user put into their basket and has not bought, and shelves that fit it.

Data sets whose manifest has no kind of event such as `cart` have no such page.
"""

from collections.abc import Sequence

import streamlit as st

from dashboards import choices, offers, pages, product_api, states, ui
from dashboards.demo import notes, placed, visit
from dashboards.demo.basket import changing, contents
from dashboards.demo.basket.contents import Line
from dashboards.demo.feedback import callbacks
from dashboards.demo.header import header
from dashboards.demo.words import kinds
from dashboards.text import esc, plural

TIMES = "\u00d7"  # the sign of multiplication
MAX_PIECES = 99  # of an item, that the field takes
MAX_GIVEN = 50  # items of the basket that the placement takes

with states.error_boundary():
    dataset = choices.dataset()
    about = product_api.about(dataset)
basket_button = kinds.basket_button(about.value)
if basket_button is None:  # the menu has no link: another data set was chosen, or a link is old
    st.switch_page(pages.for_you(), query_params=pages.address())
kind, buy = basket_button.kind, kinds.purchase_button(about.value)
noun = about.value.item_noun

with header(about.value):
    st.title("Basket", anchor=False, width="content")
visit.open_page("basket")


@st.fragment
def body() -> None:
    """Show the basket, then the shelves of its placement."""
    visit.show_toast()
    user_id = choices.user()
    with states.error_boundary():
        lines = contents.lines(dataset, user_id, about.value)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        notes.last_action()
    with st.container(gap="small", key="basket"):
        for line in lines:
            row(line)
    if lines:
        checkout(lines)
    else:
        empty()
    with states.error_boundary(), ui.skeletons("basket"):
        item_ids = tuple(line.item.item_id for line in lines[:MAX_GIVEN])
        answer = placed.answer(dataset, placed.BASKET, user_id, about.value, item_ids).value
        offered = offers.of_items(dataset, placed.items(answer.shelves), about.value)
    st.space("small")
    for key, shelf in placed.with_keys(answer.shelves):
        cards = [placed.card(item, offered) for item in shelf.items]
        ui.shelf(esc(shelf.title), cards, f"basket-{key}")


def row(line: Line) -> None:
    """Show an item of the basket, and buttons that buy and remove it."""
    item = line.item
    with st.container(horizontal=True, vertical_alignment="center", gap="small", border=True):
        with st.container(width=64):
            ui.cover_image(item, line.offer.image)
        with st.container(gap=None, width="stretch"):
            ui.title_button(item, f"basket-{item.item_id}")
            st.caption(quantity(line) or ui.facts(item), wrap=False)
        with st.container(horizontal=True, vertical_alignment="center", width="content"):
            buttons(line)


def buttons(line: Line) -> None:
    """Show the number of an item's pieces, the button that buys them, and "Remove".

    An item that is sold out has "Remove" alone.
    """
    item = line.item
    if line.offer.is_sold_out:
        st.markdown(":orange-badge[:material/block: Sold out]", width="content")
    else:
        number(line)
    if buy and not line.offer.is_sold_out:
        st.button(
            buy.label, key=f"buy-{item.item_id}", icon=f":material/{buy.icon}:",
            on_click=callbacks.act, args=(item, buy.kind, line.n),
        )  # fmt: skip
    st.button(
        "Remove", key=f"remove-{item.item_id}", type="tertiary", icon=":material/delete:",
        on_click=changing.take_out, args=(line, kind, line.n),
    )  # fmt: skip


def number(line: Line) -> None:
    """Show the field with the number of an item's pieces. It starts anew when this changes."""
    key = f"pieces-{line.item.item_id}-{line.n}"
    st.number_input(
        f"Pieces of {line.item.title}", 1, max(MAX_PIECES, line.n), line.n, key=key, width=120,
        label_visibility="collapsed", on_change=changing.set_number, args=(line, kind, key),
    )  # fmt: skip


def quantity(line: Line) -> str:
    """Return the number of pieces, the sign `TIMES` and the price of each, as Markdown."""
    times = f"{line.n} {TIMES} " if line.n > 1 or line.offer.price else ""
    return esc(f"{times}{line.offer.price}") if times else ""


def checkout(lines: Sequence[Line]) -> None:
    """Show the number and the price of all pieces in stock, and the button that buys them."""
    in_stock = [line for line in lines if not line.offer.is_sold_out]
    if not in_stock:
        return
    with ui.spread_row("checkout"):
        st.markdown(f"**{esc(contents.total(in_stock, about.value))}**", width="content")
        if buy:
            pairs = [(line.item, line.n) for line in in_stock]
            st.button(
                f"{buy.label} all", key="buy-all", icon=f":material/{buy.icon}:", type="primary",
                on_click=callbacks.act_on_all, args=(pairs, buy.kind),
            )  # fmt: skip


def empty() -> None:
    """Show that nothing is in the basket, and where to find something."""
    text = f"Add a {noun} with the button on its card or its page."
    ui.empty_state("Your basket is empty", text)
    with st.container(horizontal_alignment="center"):
        st.page_link(
            pages.browse(), label=f"Browse all {plural(noun)}", query_params=pages.address()
        )


body()
states.footer(about.value)
