"""Page "My ratings": what somebody rated and hid, and how to take it back."""

import streamlit as st

from dashboards import choices, pages, product_api, states, ui
from dashboards.demo import acting, head
from dashboards.text import article, esc, plural
from serving.schemas import Item

ON_A_PAGE = 25

with states.error_boundary():
    dataset = choices.dataset()
    about = product_api.about(dataset)
    people = product_api.users(dataset)
noun = about.value.item_noun

with head.line(people.value, about.value):
    st.title("My ratings", anchor=False, width="content")
acting.arrive("ratings")


@st.fragment
def body() -> None:
    """Show the ratings, newest first."""
    acting.say()
    user_id = choices.chosen_user() or choices.NEW_VISITOR
    with states.error_boundary():
        found = product_api.ratings(dataset, user_id)
    states.stale_banner(about, found)
    last, page = acting.note(), found.value
    st.caption(
        last.words
        if last
        else f"{plural(noun, page.total)} rated by {choices.user_in_words(user_id)}"
    )
    if not page.items and not page.hidden:
        ui.empty_state(
            f"You have not rated {esc(article(noun))} yet",
            "Five stars here and there are enough for a list of your own.",
        )
        with st.container(horizontal_alignment="center"):
            st.page_link(
                pages.browse(),
                label=f"Find {plural(noun)} you know",
                query_params=pages.address(),
            )
        return
    actions = acting.actions(page.items, about.value)
    n_pages = -(-len(page.items) // ON_A_PAGE)
    turned = st.pagination(n_pages, key="ratings-page") if n_pages > 1 else 1
    first = (turned - 1) * ON_A_PAGE
    for item in page.items[first : first + ON_A_PAGE]:
        row(item, actions)
    if page.hidden:
        st.subheader("Not interested", anchor=False)
        for each in page.hidden:
            row(each, actions, hidden=True)
    if acting.can_be_forgotten():
        leave()
    else:
        ask_an_operator(user_id)


def row(item: Item, actions: ui.Actions, *, hidden: bool = False) -> None:
    """Show one item with its stars, and what takes it back."""
    key = f"{'hidden' if hidden else 'mine'}-{item.item_id}"  # he may have rated what he hid
    with st.container(horizontal=True, vertical_alignment="center", gap="small", border=True):
        with st.container(width=44):
            ui.cover_image(item)
        with st.container(gap=None, width="stretch"):
            ui.title_button(item, key)
            st.caption(ui.facts(item), wrap=False)
        if not hidden:
            ui.stars(item, "mine", actions)
        st.button(
            "Show again" if hidden else "Take back",
            key=f"back-{key}",
            type="tertiary",
            icon=":material/undo:",
            on_click=acting.take_back,
            args=(item,),
        )


def leave() -> None:
    """Offer to forget him."""
    st.divider()
    with st.popover("Forget me", icon=":material/delete_forever:", key="forget-me"):
        st.markdown(
            "**Everything you said is deleted here at once**, and your list with it. What was "
            "already learned from it leaves with the next clean-up of the lake."
        )
        st.caption("Only the visit in which you began can do this. After a reload ask an operator.")
        st.button("Forget me now", key="forget", type="primary", on_click=acting.forget)


def ask_an_operator(user_id: str) -> None:
    """Say who can still forget him, as this visit has no token of his."""
    if user_id == choices.NEW_VISITOR:
        return
    st.divider()
    began = (
        "You began in another visit, or the page was reloaded since. The token with which you "
        "could delete everything at once belonged to that visit, and nobody has it any more."
        if user_id.startswith(choices.NEW_USER_PREFIX)
        else "Who began elsewhere is not forgotten from here: the key of this app may not do it."
    )
    st.caption(f"{began} You can still be forgotten by an operator; he needs your id.")
    st.code(user_id, language=None)


body()
states.footer(about.value)
