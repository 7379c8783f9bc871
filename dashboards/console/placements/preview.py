"""The draft's shelves as a chosen user would see them, or an anonymous one."""

import streamlit as st

from dashboards import offers, product_api, ui
from dashboards.console.components import row
from dashboards.console.placements import client, draft, editor
from dashboards.console.placements.editor import SOURCES
from dashboards.console.sources import Account
from dashboards.offers import Offer
from dashboards.text import capitalised, esc, with_code
from dashboards.ui import Card
from serving.errors import RequestRefusedError, UserErasedError
from serving.schemas import About, ListedItem, PlacementPreview, TriedShelf
from serving.schemas.base import MAX_ID_LENGTH

N_USERS = 5  # that the page names


def show(account: Account, dataset: str, about: About) -> None:
    """Show the fields and the button, and the last preview of the draft."""
    ui.heading("Preview")
    problem = draft.problem()
    with st.form("preview_placement", border=False):
        with st.grid(2, min_column_width=240):
            user_id = st.text_input(
                "User", key="placement_user", max_chars=MAX_ID_LENGTH, placeholder="Anonymous",
                icon=":material/person_search:", help="Each look at a user is listed in *Activity*",
            )  # fmt: skip
            item_id = st.text_input(
                f"{esc(about.item_noun.capitalize())} of the page", key="placement_item",
                max_chars=MAX_ID_LENGTH, placeholder="None", icon=":material/sell:",
                help=f"The id of the {esc(about.item_noun)} on whose page the shelves are, or that "
                "is in the basket",
            )  # fmt: skip
        st.caption(f"Users with a list: {esc(', '.join(_some_users(dataset)))}")
        is_pressed = st.form_submit_button(
            "Preview", key="try_placement", icon=":material/visibility:", disabled=bool(problem)
        )
    if problem:
        st.warning(with_code(problem), icon=":material/rule:")
        return
    if is_pressed:
        _try(account, dataset, (user_id or "").strip(), (item_id or "").strip())
    if preview := draft.tried(draft.shelves()):
        _result(preview, dataset, about)


def _some_users(dataset: str) -> list[str]:
    """Return the ids of a few users to preview the shelves for."""
    return [user.user_id for user in product_api.users(dataset).value[:N_USERS]]


def _try(account: Account, dataset: str, user_id: str, item_id: str) -> None:
    shelves = draft.shelves()
    try:
        with st.spinner("Filling the shelves…"):
            item_ids = [item_id] if item_id else []
            preview = client.preview(account, dataset, shelves, user_id or None, item_ids)
    except UserErasedError:
        st.warning("This user was erased.", icon=":material/person_off:")
    except RequestRefusedError as error:
        st.warning(editor.refusal(error), icon=":material/rule:")
    else:
        draft.keep_tried(shelves, preview)


def _result(preview: PlacementPreview, dataset: str, about: About) -> None:
    who = "an anonymous user" if preview.user_id is None else f"user {esc(preview.user_id)}"
    st.caption(f"As {who} would see it now, from release {preview.release_id}")
    items = [item for shelf in preview.shelves for item in shelf.items]
    offered = offers.of_items(dataset, items, about)
    for number, shelf in enumerate(preview.shelves):
        if shelf.left_out is None:
            cards = [_card(item, offered.get(item.item_id, offers.NONE)) for item in shelf.items]
            ui.shelf(esc(shelf.title), cards, f"tried-{number}", right=_origin(shelf))
        else:
            with row():
                st.markdown(f":gray[**{esc(shelf.title)}**]", width="content")
                st.caption(f":gray-badge[Left out] {with_code(shelf.left_out)}", width="content")


def _card(item: ListedItem, offer: Offer) -> Card:
    return offers.card(item, offer, capitalised(item.reason.text) if item.reason else "")


def _origin(shelf: TriedShelf) -> str:
    return f":gray[:small[{SOURCES[shelf.source]}]]"
