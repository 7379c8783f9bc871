"""Pieces that pages are made of: headings, cards, shelves, banners. Texts from data are escaped."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import streamlit as st

from dashboards import brand, pages, posters
from dashboards.covers import cover
from dashboards.posters import Poster
from dashboards.text import esc
from serving.schemas import Item

CARD = 156  # pixels: two cards and a peek at a third on a phone
NARROWEST_CARD = 148
COVER = 234  # pixels, of a card's height
EMPTY_CARDS = 14  # two shelves of a desktop
_BLANK = "\u00a0"


@dataclass(frozen=True)
class Card:
    """One item as it is shown. `note` says why it is there."""

    item: Item
    note: str = ""


@dataclass(frozen=True)
class Actions:
    """What can be done with a card: callbacks, and the stars given so far by item id."""

    rate: Callable[[Item, str], None]  # the item, and the key of the widget
    hide: Callable[[Item], None]
    given: Mapping[str, int]


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


def shelf(
    title: str,
    cards: Iterable[Card],
    place: str,
    *,
    right: str = "",
    actions: Actions | None = None,
) -> None:
    """Show cards side by side, to be scrolled sideways. `place` is unique on the page.

    Where nothing can be done with them but open them, they are drawn as one element.
    """
    with st.container(gap="xsmall"):
        heading(title, right)
        if actions is None:
            with st.container(key=f"shelf-{place}"):
                posters.show([_poster(each) for each in cards], f"open-{place}", _open)
            return
        with st.container(horizontal=True, wrap=False, gap="small", key=f"shelf-{place}"):
            for each in cards:
                _card(each, place, CARD, actions)


def grid(cards: Iterable[Card], place: str, *, actions: Actions | None = None) -> None:
    """Show cards in as many columns as there is room for. `place` is unique on the page."""
    with st.grid("auto", min_column_width=NARROWEST_CARD, gap=("medium", "small")):
        for each in cards:
            _card(each, place, "stretch", actions)


@contextmanager
def skeletons(place: str) -> Iterator[None]:
    """Show where shelves will stand, while what is inside takes longer than half a second.

    Only once in a visit: later what is there already stays until the new answer is drawn. Its place
    is kept, or all that follows would move up by one and be built anew.
    """
    kept = st.empty()
    with ExitStack() as drawn:
        if not st.session_state.get(f"waited-{place}"):
            st.session_state[f"waited-{place}"] = True
            with kept.container(horizontal=True, gap="small", key=f"waiting-{place}"):
                for _ in range(EMPTY_CARDS):
                    drawn.enter_context(st.skeleton(height=COVER, width=CARD))
        yield
    kept.empty()


def stars(item: Item, place: str, actions: Actions) -> None:
    """Show five stars to be given, those given so far filled."""
    key = f"rate-{place}-{item.item_id}"
    given = actions.given.get(item.item_id)
    # One item may stand on two shelves: both show what holds, not what was clicked there.
    st.session_state[key] = None if given is None else given - 1
    st.feedback("stars", key=key, on_change=actions.rate, args=(item, key))


def cover_image(item: Item) -> None:
    """Show the item's cover, as wide as there is room for."""
    st.image(_cover(item), width="stretch", alt=f"Cover of {item.title}")


def title_button(item: Item, key: str) -> None:
    """Show the item's title, which opens its page. `key` is unique on the page."""
    st.button(
        f"**{esc(item.title)}**",
        key=f"open-{key}",
        type="tertiary",
        wrap=False,
        on_click=_open,
        args=(item.item_id,),
    )


def facts(item: Item) -> str:
    """Return year and categories as Markdown: "1995 · Action, Crime"; a blank without any."""
    return esc(_facts(item)) or _BLANK


def theme_colour(name: str) -> str:
    """Return a colour of the theme in use, for a chart whose colours mean something."""
    colour = st.get_option(f"theme.{st.context.theme.type or 'light'}.{name}Color")
    return str(colour or "#808080")


def empty_state(title: str, words: str) -> None:
    """Show that there is nothing to show, and what to do about it. `words` is Markdown."""
    with st.container(horizontal_alignment="center", gap="small", border=True):
        st.space("small")
        st.image(brand.WAITING, width=220, alt="A lit lantern between two empty frames")
        st.subheader(title, anchor=False, width="content", text_alignment="center")
        st.markdown(words, width=520, text_alignment="center")
        st.space("small")


def _card(shown: Card, place: str, width: int | str, actions: Actions | None) -> None:
    item, key = shown.item, f"{place}-{shown.item.item_id}"
    with st.container(
        width=width,  # type: ignore[arg-type] # pixels or "stretch"
        height="stretch",
        gap=None,
        key=f"card-{key}",
        horizontal_alignment="center",
    ):
        cover_image(item)
        title_button(item, key)
        st.caption(facts(item), wrap=False, text_alignment="center")
        if shown.note:
            st.caption(esc(shown.note), text_alignment="center")
        if actions is not None:
            st.space("stretch")
            _actions(item, place, actions)


def _actions(item: Item, place: str, actions: Actions) -> None:
    with st.container(
        horizontal=True,
        gap="xxsmall",
        vertical_alignment="center",
        horizontal_alignment="center",
    ):
        stars(item, place, actions)
        st.button(
            ":gray[:material/visibility_off:]",
            key=f"hide-{place}-{item.item_id}",
            type="tertiary",
            help="Not interested",
            on_click=actions.hide,
            args=(item,),
        )


def _poster(shown: Card) -> Poster:
    item = shown.item
    return Poster(item.item_id, item.title, _facts(item) or _BLANK, shown.note, _cover(item))


def _cover(item: Item) -> str:
    return cover(item.title, item.released, item.categories[0] if item.categories else None)


def _facts(item: Item) -> str:
    known = [str(item.released)] if item.released else []
    if item.categories:
        known.append(", ".join(item.categories))
    elif item.vendor:
        known.append(item.vendor)
    return " · ".join(known)


def _open(item_id: str) -> None:
    st.switch_page(pages.item(), query_params=pages.address() | {"id": item_id})
