"""Page "For you": a user's list and further shelves. The list changes with each rating."""

from collections.abc import Iterator, Mapping, Sequence

import streamlit as st

from dashboards import choices, pages, product_api, states, ui
from dashboards.demo import feedback, notes, offers, shelves, visit
from dashboards.demo.header import header
from dashboards.demo.words import reasons
from dashboards.text import esc, moment, plural
from serving.schemas import Item, RatingsPage, Recommendations

PER_SHELF = 12  # items; a desktop shows eight of them

with states.error_boundary():
    dataset = choices.dataset()
    about = product_api.about(dataset)
noun = about.value.item_noun

with header(about.value):
    st.title("For you", anchor=False, width="content")
visit.open_page("for you")


@st.fragment
def body() -> None:
    """Show the shelves; a rating reruns only this fragment."""
    visit.show_toast()
    user_id = choices.user()
    with states.error_boundary(), ui.skeletons("home"):
        listed = product_api.recommendations(
            dataset, user_id, choices.LIST_LENGTH, where=offers.in_stock(about.value)
        )
        rated = product_api.ratings(dataset, user_id)
        below = list(shelves.of(dataset, taste(listed.value, rated.value), about.value))
        offered = offers.of_items(dataset, shown_items(listed.value, below), about.value)
    states.stale_banner(about, listed, rated, *(shelf.answer for shelf in below))
    status(listed.value, rated.value.total)

    seen = {item.item_id for item in (*rated.value.items, *rated.value.hidden)}
    with st.container(gap="medium"):
        picked(listed.value, feedback.card_actions(rated.value, about.value), offered)
        for shelf in below:
            items = shelves.unseen(shelf.answer.value.items, seen, PER_SHELF)
            if items:  # without stars: with them these shelves double the time to draw the page
                cards = [
                    offers.card(item, offered.get(item.item_id, offers.NONE)) for item in items
                ]
                ui.shelf(shelf.title, cards, shelf.key)


def taste(listed: Recommendations, rated: RatingsPage) -> shelves.Taste:
    """Return what the user likes, as far as ratings or the reasons of the list say it."""
    if about.value.has_ratings:
        return shelves.of_ratings(rated.items, about.value)
    return shelves.of_reasons(dataset, listed.items, about.value)


def shown_items(listed: Recommendations, below: Sequence[shelves.HomeShelf]) -> Iterator[Item]:
    """Yield the items that the page may show: those of the list and the first of each shelf."""
    yield from st.session_state.get("shown", ())
    yield from listed.items
    for shelf in below:
        yield from shelf.answer.value.items[: 2 * PER_SHELF]


def status(listed: Recommendations, n_rated: int) -> None:
    """Show the last action or the number of ratings, and how the list came about."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        notes.last_action(invitation(listed, n_rated))
        with st.popover("Why this list", type="tertiary", icon=":material/help:", key="why"):
            st.markdown(f"**{reasons.ORIGINS[listed.kind]}**")
            st.markdown(
                f"- {reasons.contents(listed, about.value)}\n"
                f"- Release {listed.release_id}, live since {moment(listed.live_since)}\n"
                f"- Recipe {esc(listed.recipe)}: {reasons.method(listed.recipe)}"
            )
            if n_rated:
                st.page_link(pages.ratings(), query_params=pages.address())


def invitation(listed: Recommendations, n_rated: int) -> str:
    """Return what a new user can do; for others, how many items they rated."""
    if n_rated:
        return f"{plural(noun, n_rated)} rated"
    if about.value.has_ratings:
        return f"New here? Rate a few {plural(noun)} you know."
    if listed.kind != "fallback":
        return ""
    return f"New here? Open a few {plural(noun)}, and the list becomes yours."


def picked(
    listed: Recommendations, actions: ui.Actions, offered: Mapping[str, offers.Offer]
) -> None:
    """Show the user's list. A card that was just rated or hidden keeps its position."""
    items = shelves.merged(listed.items, st.session_state.get("shown", ()), visit.acts())
    st.session_state["shown"] = items
    if not items:
        ui.empty_state("No suggestions left", f"There are no more {plural(noun)} to suggest.")
        return
    notes = {item.item_id: reasons.note(item) for item in listed.items}
    cards = [
        offers.card(item, offered.get(item.item_id, offers.NONE), notes.get(item.item_id, ""))
        for item in items
    ]
    title = "Popular with everyone" if listed.kind == "fallback" else "Picked for you"
    badge = ":green-badge[:material/bolt: Updated]" if listed.kind == "live" else ""
    ui.shelf(title, cards, "picked", right=badge, actions=actions)


body()
states.footer(about.value)
