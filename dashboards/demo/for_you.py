"""Page "For you": shelves for one person, which change as soon as he rates something."""

import streamlit as st

from dashboards import choices, pages, product_api, states, ui
from dashboards.demo import acting, head, reasons, shelves
from dashboards.text import esc, moment, plural
from dashboards.ui import Card
from serving.schemas import Recommendations

ASKED, SHORT = 100, 12  # a desktop shows eight of them

with states.error_boundary():
    dataset = choices.dataset()
    about = product_api.about(dataset)
    people = product_api.users(dataset)

with head.line(people.value, about.value, start=True):
    st.title("For you", anchor=False, width="content")
acting.arrive("for you")


@st.fragment
def body() -> None:
    """Show the shelves; only they run again when something is rated."""
    acting.say()
    user_id = choices.chosen_user() or choices.NEW_VISITOR
    with states.error_boundary(), ui.skeletons("home"):
        found = product_api.recommendations(dataset, user_id, choices.LIST_LENGTH)
        rated = product_api.ratings(dataset, user_id)
        likes = reasons.liked(rated.value.items, about.value, len(rated.value.items))
        last = shelves.newest_liked(likes)
        alike = product_api.similar(dataset, last.item_id, ASKED) if last else None
        trending = product_api.trending(dataset, ASKED)
        favourite = shelves.favourite_category(likes)
        best = product_api.popular(dataset, favourite, ASKED) if favourite else None
        vendor = shelves.favourite_vendor(likes)
        theirs = product_api.vendor_items(dataset, vendor, ASKED) if vendor else None
        decade = None if vendor else shelves.favourite_decade(likes)
        its = product_api.popular_in_years(dataset, decade, decade + 9, ASKED) if decade else None
        new = shelves.new_category(rated.value.items, about.value) if likes else None
        unknown = product_api.popular(dataset, new, ASKED) if new and new != favourite else None
    states.stale_banner(about, people, found, rated, alike, trending, best, theirs, its, unknown)
    list_, noun = found.value, about.value.item_noun
    told(list_, rated.value.total)
    if list_.kind == "fallback":
        st.info(reasons.in_a_sentence(list_), icon=":material/waving_hand:")

    actions = acting.actions(rated.value.items, about.value)
    touched = acting.touched()
    out = {item.item_id for item in (*rated.value.items, *rated.value.hidden)} - touched
    shown = shelves.steady(list_.items, st.session_state.get("shown", ()), touched)
    st.session_state["shown"] = shown
    because = {item.item_id: reasons.note(item) for item in list_.items}
    with st.container(gap="medium"):
        if shown:
            cards = [Card(item, because.get(item.item_id, "")) for item in shown]
            title = "What everybody likes" if list_.kind == "fallback" else "Picked for you"
            ui.shelf(title, cards, "picked", right=badge(list_), actions=actions)
        else:
            ui.empty_state(
                "This list is empty", f"The release has no {esc(noun)} left for this person."
            )
        for title, place, shelf in (
            (f"Because you liked {esc(last.title)}" if last else "", "alike", alike),
            ("Trending now", "trending", trending),
            (f"Best-sellers in {esc(favourite or '')}", "best", best),
            (f"More from {esc(vendor or '')}", "vendor", theirs),
            (f"More from the {decade}s", "decade", its),
            (f"New to you: {esc(new or '')}", "new", unknown),
        ):
            items = shelves.unseen(shelf.value.items, out, SHORT) if shelf else []
            if items:  # no stars here: they take a browser as long as all the rest of the page
                ui.shelf(title, [Card(item) for item in items], place)


def told(found: Recommendations, n: int) -> None:
    """Say what was done last, or how many ratings there are, and how the list came about."""
    last = acting.note()
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if last:
            st.caption(last.words, width="content")
            if last.item_id:
                st.button("Undo", type="tertiary", key="undo", on_click=acting.undo)
        elif n:
            st.caption(f"{plural(about.value.item_noun, n)} rated", width="content")
        else:
            hint = f"Rate a few {plural(about.value.item_noun)}, and this page becomes yours"
            st.caption(hint, width="content")
        with st.popover("Why this list", type="tertiary", icon=":material/help:", key="why"):
            st.markdown(f"**{reasons.in_a_sentence(found)}**")
            st.markdown(
                f"- Release {found.release_id}, live since {moment(found.live_since)}\n"
                f"- Recipe {esc(found.recipe)}: {reasons.recipe_in_words(found.recipe)}\n"
                f"- {reasons.kind_in_words(found)}"
            )
            if n:
                st.page_link(pages.ratings(), query_params=pages.address())


def badge(found: Recommendations) -> str:
    """Return the kind of the list as a badge, where it was made just now."""
    return ":green-badge[:material/bolt: Live]" if found.kind == "live" else ""


body()
states.footer(about.value)
