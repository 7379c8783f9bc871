"""Pieces that pages are made of: headings, cards, shelves, banners. Texts from data are escaped."""

from collections.abc import Iterable
from dataclasses import dataclass

import streamlit as st

from dashboards import brand, pages
from dashboards.covers import cover
from dashboards.text import esc
from serving.schemas import Item

CARD = 156  # pixels: two cards and a peek at a third on a phone
NARROWEST_CARD = 148


@dataclass(frozen=True)
class Card:
    """One item as it is shown. `note` is Markdown, and says why it is there."""

    item: Item
    note: str = ""


def heading(title: str, right: str = "") -> None:
    """Show a section's heading, and words at its right. Both are Markdown."""
    with st.container(
        horizontal=True,
        vertical_alignment="center",
        horizontal_alignment="distribute",
        gap="small",
    ):
        st.subheader(title, anchor=False, width="content")
        if right:
            st.markdown(right, width="content")


def shelf(title: str, cards: Iterable[Card], place: str, *, right: str = "") -> None:
    """Show cards side by side, to be scrolled sideways. `place` is unique on the page."""
    with st.container(gap="xsmall"):
        heading(title, right)
        with st.container(horizontal=True, wrap=False, gap="small", key=f"shelf-{place}"):
            for position, each in enumerate(cards):
                _card(each, f"{place}-{position}", CARD)


def wall(cards: Iterable[Card], place: str) -> None:
    """Show cards in as many columns as there is room for. `place` is unique on the page."""
    with st.grid("auto", min_column_width=NARROWEST_CARD, gap=("medium", "small")):
        for position, each in enumerate(cards):
            _card(each, f"{place}-{position}", "stretch")


def picture(item: Item) -> None:
    """Show the item's cover, as wide as there is room for."""
    first = item.categories[0] if item.categories else None
    drawn = cover(item.title, item.released, first)
    st.image(drawn, width="stretch", alt=f"Cover of {item.title}")


def facts(item: Item) -> str:
    """Return year and categories as Markdown: "1995 · Action, Crime"; a blank without any."""
    known = [str(item.released)] if item.released else []
    if item.categories:
        known.append(esc(", ".join(item.categories)))
    elif item.vendor:
        known.append(esc(item.vendor))
    return " · ".join(known) or "\u00a0"


def empty(title: str, words: str) -> None:
    """Show that there is nothing to show, and what to do about it. `words` is Markdown."""
    with st.container(horizontal_alignment="center", gap="small", border=True):
        st.space("small")
        st.image(brand.WAITING, width=220, alt="A lit lantern between two empty frames")
        st.subheader(title, anchor=False, width="content", text_alignment="center")
        st.markdown(words, width=520, text_alignment="center")
        st.space("small")


def _card(shown: Card, key: str, width: int | str) -> None:
    item = shown.item
    with st.container(
        width=width,  # type: ignore[arg-type] # pixels or "stretch"
        height="stretch",
        gap=None,
        key=f"card-{key}",
        horizontal_alignment="center",
    ):
        picture(item)
        st.button(
            f"**{esc(item.title)}**",
            key=f"open-{key}",
            type="tertiary",
            wrap=False,
            on_click=_open,
            args=(item.item_id,),
        )
        st.caption(facts(item), wrap=False, text_alignment="center")
        if shown.note:
            st.caption(shown.note, text_alignment="center")


def _open(item_id: str) -> None:
    asked = {"id": item_id}
    if "dataset" in st.session_state:
        asked["dataset"] = st.session_state["dataset"]
    st.switch_page(pages.item(), query_params=asked)
