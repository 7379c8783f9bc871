"""Page "My ratings": what the user rated and hid, how to change it, to download and to delete it.

In a data set without ratings it is "My data", and has what the user did and hid.
"""

import streamlit as st

from dashboards import choices, pages, product_api, states, ui
from dashboards.demo import notes, own_events, visit
from dashboards.demo.feedback import callbacks, own_data
from dashboards.demo.header import header
from dashboards.identity import visitors
from dashboards.text import plural
from serving.schemas import Item

PER_PAGE = 25

with states.error_boundary():
    dataset = choices.dataset()
    about = product_api.about(dataset)
noun = about.value.item_noun

with header(about.value):
    title = "My ratings" if about.value.has_ratings else "My data"
    st.title(title, anchor=False, width="content")
visit.open_page("ratings")


@st.fragment
def body() -> None:
    """Show the ratings, newest first, and the hidden items."""
    visit.show_toast()
    user_id = choices.user()
    with states.error_boundary():
        answer = product_api.ratings(dataset, user_id)
    states.stale_banner(about, answer)
    rated = answer.value
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        notes.last_action(f"{plural(noun, rated.total)} rated" if rated.total else "")
    if not about.value.has_ratings:
        with states.error_boundary():
            own_events.show(dataset, user_id, about.value)
    elif not rated.items and not rated.hidden:
        nothing_rated()
        return
    actions = callbacks.card_actions(rated, about.value)
    n_pages = -(-len(rated.items) // PER_PAGE)
    page = st.pagination(n_pages, key="ratings-page") if n_pages > 1 else 1
    for item in rated.items[(page - 1) * PER_PAGE : page * PER_PAGE]:
        row(item, actions)
    if rated.hidden:
        st.subheader("Not interested", anchor=False)
        for hidden in rated.hidden:
            row(hidden, actions, hidden=True)
    if visitors.viewed_user():
        deletion_of_another(user_id)
    else:
        show_own_data()


def nothing_rated() -> None:
    """Show what to do on an empty page."""
    ui.empty_state(
        f"You haven't rated any {plural(noun)} yet",
        f"Rate a few {plural(noun)} to get your own list.",
    )
    with st.container(horizontal_alignment="center"):
        st.page_link(
            pages.browse(), label=f"Find {plural(noun)} you know", query_params=pages.address()
        )


def row(item: Item, actions: ui.Actions, *, hidden: bool = False) -> None:
    """Show one item with its stars, and a button to remove the rating or to show it again."""
    key = f"{'hidden' if hidden else 'mine'}-{item.item_id}"  # an item may be rated and hidden
    with st.container(horizontal=True, vertical_alignment="center", gap="small", border=True):
        with st.container(width=44):
            ui.cover_image(item)
        with st.container(gap=None, width="stretch"):
            ui.title_button(item, key)
            st.caption(ui.facts(item), wrap=False)
        if not hidden:
            ui.stars(item, "mine", actions)
        st.button(
            "Show again" if hidden else "Remove rating",
            key=f"back-{key}",
            type="tertiary",
            icon=":material/undo:",
            on_click=callbacks.show_again if hidden else callbacks.remove_rating,
            args=(item,),
        )


def show_own_data() -> None:
    """Offer to download and to delete the user's data."""
    st.divider()
    with st.container(horizontal=True):
        st.download_button(
            "Download my data", own_data.export(), file_name="my-data.json",
            mime="application/json", key="download-data", icon=":material/download:",
            on_click="ignore",
        )  # fmt: skip
        with st.popover("Delete my data", icon=":material/delete_forever:", key="delete-data"):
            st.markdown(
                "**This deletes what you did, your hidden items and your list now.** "
                "Copies for training are deleted within a day, old files later. Backups keep them."
            )
            st.button("Delete now", key="delete", type="primary", on_click=own_data.delete)


def deletion_of_another(user_id: str) -> None:
    """Say how an operator erases the user as whom they act."""
    st.divider()
    st.caption("You view the app as this user. To erase them, enter this ID on the page Inspector:")
    st.code(user_id, language=None)


body()
states.footer(about.value)
