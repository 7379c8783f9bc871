"""Page of one item, `/item?id=…`: what it is, why it is on a list or not, and what is like it."""

import streamlit as st

from dashboards import choices, pages, product_api, states, ui
from dashboards.demo import acting, head, why
from dashboards.text import esc, figure, plural
from dashboards.ui import Card

ALIKE = 20

item_id = st.query_params.get("id", "")[: choices.MAX_ID_LENGTH]

with states.error_boundary():
    dataset = choices.dataset()
    about = product_api.about(dataset)
    people = product_api.users(dataset)
    found = product_api.item(dataset, item_id) if item_id else None
    alike = product_api.similar(dataset, item_id, ALIKE) if found else None

with head.line(people.value, about.value):
    st.page_link(
        pages.for_you(),
        label=":gray[Back to the list]",
        icon=":material/arrow_back:",
        query_params=pages.address(),
    )
acting.arrive(f"item {item_id}")

noun = about.value.item_noun
if found is None:
    st.title(f"No such {esc(noun)}", anchor=False)
    asked = f"{esc(noun)} {esc(item_id)}" if item_id else f"no {esc(noun)}"
    st.caption(f"The link asked for {asked}. It may have left the catalogue.")
    st.page_link(pages.browse(), label=f"Browse all {plural(noun)}", query_params=pages.address())
    st.stop()

item = found.value
states.stale_banner(about, found, alike)


@st.fragment
def body() -> None:
    """Show the item with its stars; they and the explanation run again when something is done."""
    acting.say()
    with st.container(horizontal=True, gap="medium"):
        with st.container(width=256):
            ui.cover_image(item)
        with st.container(gap="small", width="stretch"):
            st.title(esc(item.title), anchor=False)
            badges = " ".join(f":gray-badge[{esc(each)}]" for each in item.categories)
            st.markdown(" &nbsp; ".join(filter(None, [str(item.released or ""), badges])))
            if item.vendor:
                st.markdown(f"By {esc(item.vendor)}")
            about_him()
            st.caption(f"{esc(noun.capitalize())} {esc(item.item_id)} of {esc(about.value.title)}")


def about_him() -> None:
    """Show his stars for the item, and why it is on his list or not."""
    user_id = choices.chosen_user() or choices.NEW_VISITOR
    with states.error_boundary(), ui.skeletons("item"):
        rated = product_api.ratings(dataset, user_id)
        told = product_api.explanation(dataset, user_id, item.item_id)
    states.stale_banner(rated, told)
    own = {each.item_id: each.rating for each in rated.value.items}
    actions = acting.actions(rated.value.items, about.value)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        ui.stars(item, "item", actions)
        given = own.get(item.item_id)
        st.caption(
            f"{figure(given)} of {figure(about.value.highest)}" if given else "Not rated yet",
            width="content",
        )
        hidden = told.value.status == "hidden"
        st.button(
            "Show again" if hidden else "Not interested",
            icon=":material/visibility:" if hidden else ":material/visibility_off:",
            key="hide",
            on_click=acting.take_back if hidden else acting.hide,
            args=(item,),
        )
    if last := acting.note():
        st.caption(last.words)
    why.show(told.value, choices.user_in_words(user_id), about.value)


body()
st.space("small")
if alike and alike.value.items:
    cards = [Card(each, f"{max(each.score, 0):.0%} alike") for each in alike.value.items]
    ui.shelf(f"Similar {plural(noun)}", cards, "similar")
    st.caption("Alike means: liked by the same people, as the live release's model sees it.")
else:
    ui.empty_state(
        f"No similar {plural(noun)} yet",
        "The live release counts what is popular, or nobody has rated this one: "
        "neither tells what is alike.",
    )

states.footer(about.value)
