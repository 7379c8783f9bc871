"""Page "For you": the shelves of the placement `home`, then further ones from the user's taste.

The shelf with the user's own list has stars or buttons, and changes with each rating.
"""

from collections.abc import Iterator, Mapping, Sequence

import streamlit as st

from dashboards import choices, offers, pages, product_api, states, ui
from dashboards.demo import notes, placed, shelves, visit
from dashboards.demo.feedback import callbacks
from dashboards.demo.header import header
from dashboards.demo.words import reasons
from dashboards.text import esc, moment, plural
from serving.schemas import FilledShelf, ListedItem, ListKind, Placement, RatingsPage

PER_SHELF = 12  # items of a shelf below the placement; a desktop shows eight of them
BADGES: Mapping[ListKind | None, str] = {
    "live": ":green-badge[:material/bolt: Updated]",
}

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
        home = placed.home(dataset, user_id, about.value)
        rated = product_api.ratings(dataset, user_id)
        below = list(shelves.of(dataset, taste(home.value, rated.value), about.value))
        of_below = items_below(home.value, {*unwanted_below(rated.value, user_id)}, below)
        shown = [*st.session_state.get("shown", ()), *placed.items(home.value.shelves)]
        shown += [item for items in of_below for item in items]
        offered = offers.of_items(dataset, shown, about.value)
    states.stale_banner(about, home, rated, *(shelf.answer for shelf in below))
    status(home.value, rated.value.total)

    with st.container(gap="medium"):
        if not home.value.shelves:
            no_suggestions()
        own = with_actions(home.value)
        for key, shelf in placed.with_keys(home.value.shelves):
            if shelf is own:
                picked(shelf, callbacks.card_actions(rated.value, about.value), offered)
            else:
                posters(shelf.title, key, untouched(shelf), offered)
        for shelf_below, items in zip(below, of_below, strict=True):
            on_sale = offers.on_sale(items, offered)[:PER_SHELF]
            posters(shelf_below.title, shelf_below.key, on_sale, offered)


def with_actions(home: Placement) -> FilledShelf | None:
    """Return the shelf whose cards have stars or buttons: the user's list, else the first one.

    With them on all shelves it would take twice as long to draw the page.
    """
    return next(iter([*placed.of_user(home), *home.shelves]), None)


def untouched(shelf: FilledShelf) -> list[ListedItem]:
    """Return a shelf's items without those that were rated or hidden since the page was opened.

    These keep their positions on the user's list.
    """
    return [item for item in shelf.items if item.item_id not in visit.acts()]


def unwanted_below(rated: RatingsPage, user_id: str) -> Iterator[str]:
    """Yield the ids of items that were rated, hidden or put into the basket."""
    yield from visit.acts()
    yield from (item.item_id for item in (*rated.items, *rated.hidden))
    yield from placed.of_basket(dataset, user_id, about.value)


def items_below(
    home: Placement, unwanted: set[str], below: Sequence[shelves.HomeShelf]
) -> list[list[ListedItem]]:
    """Return the items of the shelves below the placement: none that it has, and none unwanted.

    There are more than a shelf shows, as some may be sold out.
    """
    seen = {item.item_id for item in placed.items(home.shelves)} | unwanted
    return [shelves.unseen(shelf.answer.value.items, seen, 2 * PER_SHELF) for shelf in below]


def taste(home: Placement, rated: RatingsPage) -> shelves.Taste:
    """Return what the user likes, as far as ratings or the reasons of their list say it."""
    if about.value.has_ratings:
        return shelves.of_ratings(rated.items, about.value)
    return shelves.of_reasons(dataset, placed.items(placed.of_user(home)), about.value)


def status(home: Placement, n_rated: int) -> None:
    """Show the last action or the number of ratings, and how the list came about."""
    kind = next((shelf.kind for shelf in placed.of_user(home)), None)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        notes.last_action(invitation(kind, n_rated))
        if kind is not None:
            why(home, kind, n_rated)


def why(home: Placement, kind: ListKind, n_rated: int) -> None:
    """Show a button that explains the user's list."""
    with st.popover("Why this list", type="tertiary", icon=":material/help:", key="why"):
        st.markdown(f"**{reasons.ORIGINS[kind]}**")
        st.markdown(
            f"- {reasons.contents(kind, home.n_new_ratings, about.value)}\n"
            f"- Release {home.release_id}, live since {moment(home.live_since)}\n"
            f"- Recipe {esc(home.recipe)}: {reasons.method(home.recipe)}"
        )
        if n_rated:
            st.page_link(pages.ratings(), query_params=pages.address())


def invitation(kind: ListKind | None, n_rated: int) -> str:
    """Return what a new user can do; for others, how many items they rated."""
    if n_rated:
        return f"{plural(noun, n_rated)} rated"
    if about.value.has_ratings:
        return f"New here? Rate a few {plural(noun)} you know."
    if kind != "fallback":
        return ""
    return f"New here? Open a few {plural(noun)}, and the list becomes yours."


def picked(shelf: FilledShelf, actions: ui.Actions, offered: Mapping[str, offers.Offer]) -> None:
    """Show a shelf with actions. A card that was just rated or hidden keeps its position."""
    items = shelves.merged(shelf.items, st.session_state.get("shown", ()), visit.acts())
    st.session_state["shown"] = items
    is_for_all = shelf.kind == "fallback"  # the title says it once
    words = {} if is_for_all else {item.item_id: reasons.note(item) for item in shelf.items}
    cards = [
        offers.card(item, offered.get(item.item_id, offers.NONE), words.get(item.item_id, ""))
        for item in items
    ]
    badge = BADGES.get(shelf.kind, "")
    ui.shelf(esc(title(shelf)), cards, "picked", right=badge, actions=actions)


def title(shelf: FilledShelf) -> str:
    """Return a shelf's title; what it is, if it was to have the list of a user who has none."""
    return "Popular with everyone" if shelf.kind == "fallback" else shelf.title


def posters(
    title: str, key: str, items: Sequence[ListedItem], offered: Mapping[str, offers.Offer]
) -> None:
    """Show a shelf without actions; nothing if it has no items."""
    if items:
        ui.shelf(esc(title), [placed.card(item, offered) for item in items], key)


def no_suggestions() -> None:
    """Show that no shelf of the placement has an item."""
    ui.empty_state("No suggestions left", f"There are no more {plural(noun)} to suggest.")


body()
states.footer(about.value)
