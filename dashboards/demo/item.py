"""Page of one item, `/item?id=…`: its facts, why it is or is not on the list, and shelves.

The shelves are those of the placement `item`.
"""

from collections.abc import Iterator

import streamlit as st

from dashboards import choices, offers, pages, product_api, states, ui
from dashboards.demo import explanation, notes, placed, visit
from dashboards.demo.feedback import callbacks
from dashboards.demo.header import header
from dashboards.demo.words import decades, kinds
from dashboards.identity import visitors
from dashboards.text import capitalised, day, esc, plural
from serving.schemas import FilledShelf
from serving.schemas.base import MAX_ID_LENGTH

MAX_ATTRIBUTE = 100  # characters of a text that is shown
PICTURE_WIDTH = 300  # pixels

item_id = st.query_params.get("id", "")[:MAX_ID_LENGTH]

with states.error_boundary():
    dataset = choices.dataset()
    about = product_api.about(dataset)
    answer = product_api.item(dataset, item_id) if item_id else None

with header(about.value):
    st.page_link(
        pages.for_you(),
        label=":gray[Back to your list]",
        icon=":material/arrow_back:",
        query_params=pages.address(),
    )
is_new_visit = visit.open_page(f"item {item_id}")
if answer is not None:
    st.set_page_config(page_title=answer.value.title)

noun = about.value.item_noun
if answer is None:
    st.title(f"{esc(noun.capitalize())} not found", anchor=False)
    st.caption(
        f"No {esc(noun)} has the ID {esc(item_id)}. It may have been removed from the catalogue."
        if item_id
        else f"This link has no {esc(noun)} ID."
    )
    st.page_link(pages.browse(), label=f"Browse all {plural(noun)}", query_params=pages.address())
    pages.end()

item = answer.value
with states.error_boundary():
    page = placed.answer(dataset, placed.ITEM, choices.user(), about.value, (item_id,))
    offered = offers.of_items(dataset, placed.items(page.value.shelves), about.value)
offer = offers.of(item, about.value)
opening_kind = kinds.opening_kind(about.value)
chosen = kinds.past_of_positive(about.value)
if is_new_visit and opening_kind and not visitors.viewed_user():
    callbacks.open_item(item, opening_kind)
states.stale_banner(about, answer, page)


@st.fragment
def body() -> None:
    """Show the item; a rating reruns only this fragment."""
    visit.show_toast()
    with st.container(horizontal=True, gap="medium"):
        with st.container(width=PICTURE_WIDTH):
            ui.cover_image(item, offer.image)
        with st.container(gap="small", width="stretch"):
            st.title(esc(item.title), anchor=False)
            links_to_browse()
            price_and_stock()
            actions_and_reasons()
            facts()
            link_to_inspector()


def link_to_inspector() -> None:
    """Show operators a link to the page that says who gets the item."""
    if visitors.is_operator():
        st.page_link(
            pages.inspector(),
            label=":gray[Inspect]",
            icon=":material/troubleshoot:",
            query_params=pages.address() | {"item": item.item_id},
        )


def links_to_browse() -> None:
    """Show the year and the categories as links to the items that share them."""
    links = {f":gray-badge[{esc(name)}]": {"category": name} for name in item.categories}
    if item.released:
        links = {f":gray-badge[{item.released}]": {"decade": decades.of(item.released)}} | links
    with st.container(horizontal=True, gap="xxsmall", key="facts"):
        for label, query in links.items():
            st.page_link(
                pages.browse(),
                label=label,
                width="content",
                query_params=pages.address() | query,
            )


def price_and_stock() -> None:
    """Show the price of an item of a shop, and whether it is in stock."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if offer.price:
            st.subheader(esc(offer.price), anchor=False, width="content")
        if offer.is_sold_out:
            st.markdown(":orange-badge[:material/block: Sold out]", width="content")
        elif about.value.display.stock:
            st.markdown(":green-badge[:material/check: In stock]", width="content")


def facts() -> None:
    """Show the vendor, the attributes that are a number or a short text, and the ID."""
    pairs = [("By", item.vendor or ""), *attributes(), (f"{noun.capitalize()} ID", item.item_id)]
    with st.container(gap=None):
        for label, text in pairs:
            if text:
                st.markdown(f":gray[{esc(label)}] {esc(text)}")


def attributes() -> Iterator[tuple[str, str]]:
    """Yield the label and the text of each attribute to show, such as a colour."""
    display = about.value.display
    for name, value in sorted(item.attributes.items()):
        if name in {display.price, display.stock, display.picture}:
            continue
        text = f"{value:g}" if isinstance(value, float) else value
        if isinstance(text, str) and about.value.attributes.get(name) == "time":
            text = day(text)
        if isinstance(text, str) and len(text) <= MAX_ATTRIBUTE:
            label = "sold since" if name == display.since else name.replace("_", " ")
            yield capitalised(label), text


def actions_and_reasons() -> None:
    """Show the user's stars for the item or its buttons, and why it is or is not on their list."""
    user_id = choices.user()
    with states.error_boundary(), ui.skeletons("item"):
        rated = product_api.ratings(dataset, user_id)
        reasons = product_api.explanation(dataset, user_id, item.item_id)
        is_in_basket = item.item_id in placed.of_basket(dataset, user_id, about.value)
    states.stale_banner(rated, reasons)
    actions = callbacks.card_actions(rated.value, about.value)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        for number, button in enumerate(actions.buttons):
            is_main, can_act = number == 0, not offer.is_sold_out
            ui.kind_button(item, "item", actions, button, is_main=is_main, can_act=can_act)
        if not actions.buttons:
            ui.stars(item, "item", actions)
            rating = product_api.rating(dataset, user_id, item.item_id)
            given = "Not rated yet" if rating is None else f"{rating:g} of {about.value.highest:g}"
            st.caption(given, width="content")
        hidden = reasons.value.status == "hidden"
        st.button(
            "Show again" if hidden else "Not interested",
            icon=":material/visibility:" if hidden else ":material/visibility_off:",
            key="hide",
            on_click=callbacks.show_again if hidden else callbacks.hide,
            args=(item,),
        )
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        notes.last_action()
    if is_in_basket:
        st.markdown(":material/shopping_basket: In your basket")
    else:
        explanation.place(reasons.value)
    explanation.show(reasons.value, about.value, is_open=not offers.are_shown(about.value))


def shelf_of(key: str, shelf: FilledShelf) -> None:
    """Show a shelf, and what its source is about."""
    is_similar = shelf.source == "similar"
    cards = [
        placed.card(other, offered, f"{max(other.score, 0):.0%} similar" if is_similar else "")
        for other in shelf.items
    ]
    ui.shelf(esc(shelf.title), cards, key)
    if shelf.source == "together":
        st.caption(
            f"{plural(noun).capitalize()} that users often {chosen} together with this {noun}."
        )
    if is_similar:
        st.caption(
            f"{plural(noun).capitalize()} that the same users {chosen}, or of the same categories."
        )
    st.space("small")


body()
st.space("small")
for shelf_key, placed_shelf in placed.with_keys(page.value.shelves):
    shelf_of(shelf_key, placed_shelf)
if not page.value.shelves:
    ui.empty_state(
        f"No {plural(noun)} to go with it yet",
        f"Too few users have {chosen} this {esc(noun)} so far.",
    )

states.footer(about.value)
