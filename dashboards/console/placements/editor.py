"""The editor of a placement: its shelves, top to bottom."""

import re
from typing import get_args

import streamlit as st

from dashboards.console.components import button, filter_field, icon_button, row
from dashboards.console.placements import draft
from dashboards.text import with_code
from serving.errors import RequestRefusedError
from serving.schemas import PlacementVersion, ShelfSource
from serving.schemas.placements import MAX_SHELF_ITEMS, MAX_SHELVES

MAX_TITLE = 200  # characters
SOURCES: dict[ShelfSource, str] = {
    "for_you": "For you",
    "similar": "Similar to the page's or the basket's items",
    "together": "Taken together with the page's or the basket's items",
    "popular_in_favourite_category": "Popular in the favourite category",
    "trending": "Trending",
    "new": "New arrivals",
    "again": "Chosen before by the user",
}
TITLE_HELP = (
    "`{category}` becomes the user's favourite category, `{item}` the title of the page's item, or "
    "of the first one in the basket"
)
_FIELD = re.compile(r"body\.shelves\.(\d+)\.filter")


def show(active: PlacementVersion) -> None:
    """Show the draft as widgets."""
    with row(horizontal_alignment="distribute"):
        st.subheader("Shelves", anchor=False, width="content")
        tooltip = "Load the active version into the editor"
        button(
            "Reset to active", "placement_reset", "undo", draft.restart, active, type="tertiary",
            help=tooltip,
        )  # fmt: skip
    for number, of_shelf in enumerate(draft.rows(), 1):
        _shelf(number, of_shelf)
    is_full = len(draft.rows()) >= MAX_SHELVES
    button(
        "Add shelf", "add_shelf", "add", draft.add, disabled=is_full,
        help=f"At most {MAX_SHELVES}" if is_full else None,
    )  # fmt: skip


def refusal(error: RequestRefusedError) -> str:
    """Return why the API refused shelves, as Markdown, in the words of the editor."""
    text = _FIELD.sub(lambda match: f"Shelf {int(match[1]) + 1}: Filter", str(error))
    return with_code(text)


def _shelf(number: int, of_shelf: int) -> None:
    with st.container(border=True, gap="small"):
        with row(horizontal_alignment="distribute", wrap=False):
            st.markdown(f"**Shelf {number}**", width="content")
            with row(width="content", gap="xsmall", wrap=False):
                icon_button(
                    f"Move shelf {number} up", f"up_{of_shelf}", "arrow_upward", draft.move_up,
                    of_shelf, type="tertiary", disabled=number == 1,
                )  # fmt: skip
                icon_button(
                    f"Move shelf {number} down", f"down_{of_shelf}", "arrow_downward",
                    draft.move_down, of_shelf, type="tertiary",
                    disabled=number == len(draft.rows()),
                )  # fmt: skip
                icon_button(
                    f"Remove shelf {number}", f"remove_{of_shelf}", "delete", draft.remove,
                    of_shelf, type="tertiary",
                )  # fmt: skip
        with st.grid(2, min_column_width=240):
            st.text_input(
                "Title", key=draft.key("title", of_shelf), max_chars=MAX_TITLE, help=TITLE_HELP,
                persist_state="session",
            )  # fmt: skip
            st.selectbox(
                "Source", get_args(ShelfSource), key=draft.key("source", of_shelf),
                format_func=lambda source: SOURCES[source], persist_state="session",
            )  # fmt: skip
        filter_field("Filter", draft.key("filter", of_shelf))
        with st.grid(2, min_column_width=140):
            _number("Limit (items)", "limit", of_shelf)
            _number(
                "Minimum (items)", "minimum", of_shelf, "With fewer items the shelf is left out"
            )


def _number(label: str, field: str, of_shelf: int, tooltip: str | None = None) -> None:
    st.number_input(
        label, min_value=1, max_value=MAX_SHELF_ITEMS, step=1, key=draft.key(field, of_shelf),
        help=tooltip, persist_state="session",
    )  # fmt: skip
