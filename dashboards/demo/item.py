"""Page of one item, `/item?id=…`: its facts, why it is or is not on the list, and shelves.

The shelves have the items that users take together with it, if there are some, and similar items.
"""

from collections.abc import Sequence

import streamlit as st

from dashboards import choices, pages, product_api, states, ui
from dashboards.demo import explanation, feedback, notes, offers, visit
from dashboards.demo.header import header
from dashboards.demo.words import decades, kinds
from dashboards.identity import visitors
from dashboards.text import day, esc, plural
from dashboards.ui import Card
from serving.schemas import ListedItem

N_SIMILAR = N_TOGETHER = 20
MAX_ATTRIBUTE = 100  # characters of a text that is shown

item_id = st.query_params.get("id", "")[: choices.MAX_ID_LENGTH]

with states.error_boundary():
    dataset = choices.dataset()
    about = product_api.about(dataset)
    answer = product_api.item(dataset, item_id) if item_id else None
    together = product_api.together(dataset, item_id, N_TOGETHER) if answer else None
    similar = product_api.similar(dataset, item_id, N_SIMILAR) if answer else None

with header(about.value):
    st.page_link(
        pages.for_you(),
        label=":gray[Back to your list]",
        icon=":material/arrow_back:",
        query_params=pages.address(),
    )
is_new_visit = visit.open_page(f"item {item_id}")

noun = about.value.item_noun
if answer is None:
    st.title(f"{esc(noun.capitalize())} not found", anchor=False)
    st.caption(
        f"No {esc(noun)} has the ID {esc(item_id)}. It may have been removed from the catalogue."
        if item_id
        else f"This link has no {esc(noun)} ID."
    )
    st.page_link(pages.browse(), label=f"Browse all {plural(noun)}", query_params=pages.address())
    st.stop()

item = answer.value
offer = offers.of(item, about.value)
opening_kind = kinds.opening_kind(about.value)
if is_new_visit and opening_kind and not visitors.viewed_user():
    feedback.open_item(item, opening_kind)
states.stale_banner(about, answer, together, similar)


@st.fragment
def body() -> None:
    """Show the item; a rating reruns only this fragment."""
    visit.show_toast()
    with st.container(horizontal=True, gap="medium"):
        with st.container(width=256):
            ui.cover_image(item, offer.picture)
        with st.container(gap="small", width="stretch"):
            st.title(esc(item.title), anchor=False)
            links_to_browse()
            if item.vendor:
                st.markdown(f"By {esc(item.vendor)}")
            price_and_stock()
            attributes()
            actions_and_reasons()
            st.caption(f"{esc(noun.capitalize())} ID: {esc(item.item_id)}")
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
    if offer.price:
        st.subheader(esc(offer.price), anchor=False)
    if offer.is_sold_out:
        st.markdown(":orange-badge[:material/block: Sold out]")
    elif about.value.display.stock:
        st.markdown(":green-badge[:material/check: In stock]")


def attributes() -> None:
    """Show the item's attributes that are a number or a short text, such as a colour."""
    display = about.value.display
    for name, value in sorted(item.attributes.items()):
        if name in {display.price, display.stock, display.picture}:
            continue
        text = f"{value:g}" if isinstance(value, float) else value
        if isinstance(text, str) and about.value.attributes.get(name) == "time":
            text = day(text)
        if isinstance(text, str) and len(text) <= MAX_ATTRIBUTE:
            label = name[:1].upper() + name[1:].replace("_", " ")
            st.markdown(f":gray[{esc(label)}] {esc(text)}")


def actions_and_reasons() -> None:
    """Show the user's stars for the item or its buttons, and why it is or is not on their list."""
    user_id = choices.user()
    with states.error_boundary(), ui.skeletons("item"):
        rated = product_api.ratings(dataset, user_id)
        reasons = product_api.explanation(dataset, user_id, item.item_id)
    states.stale_banner(rated, reasons)
    actions = feedback.card_actions(rated.value, about.value)
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
            on_click=feedback.show_again if hidden else feedback.hide,
            args=(item,),
        )
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        notes.last_action()
    explanation.show(reasons.value, about.value)


def cards_of(items: Sequence[ListedItem], *, with_similarity: bool = False) -> list[Card]:
    """Return the cards of a shelf."""
    with states.error_boundary():
        offered = offers.of_items(dataset, items, about.value)
    return [
        offers.card(
            other,
            offered.get(other.item_id, offers.NONE),
            f"{max(other.score, 0):.0%} similar" if with_similarity else "",
        )
        for other in items
    ]


body()
st.space("small")
if together and together.value.items:
    taken = kinds.taken(about.value)
    ui.shelf(f"Frequently {taken} together", cards_of(together.value.items), "together")
    st.caption(
        f"Users {taken} these {plural(noun)} together with this {noun} more often than by chance."
    )
    st.space("small")
if similar and similar.value.items:
    cards = cards_of(similar.value.items, with_similarity=True)
    ui.shelf(f"Similar {plural(noun)}", cards, "similar")
    st.caption(
        f"Depending on the live model, similar {plural(noun)} are liked by the same users or share "
        "categories."
    )
else:
    ui.empty_state(
        f"No similar {plural(noun)} yet",
        f"When the live model was trained, this {esc(noun)} had no ratings, or nothing in common "
        f"with other {plural(noun)}.",
    )

states.footer(about.value)
