"""Elements of the pages: headings, cards, shelves, empty states. Texts from data are escaped."""

from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Literal

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboards import brand, pages, posters
from dashboards.covers import cover
from dashboards.posters import Poster
from dashboards.text import esc
from serving.schemas import Item

CARD_WIDTH, COVER_HEIGHT = 156, 234  # pixels: a phone shows two cards and part of a third
MIN_CARD_WIDTH, GRID_CARD_HEIGHT = 148, 300  # pixels
N_SKELETONS = 14  # two shelves of a desktop
DIMMED = 0.25  # opacity of the cover of a hidden item
_BLANK = "\u00a0"


@dataclass(frozen=True)
class Card:
    """One item to show.

    `note`: why it is there. `facts`: plain text below the title, in place of year and categories.
    `drawing`: SVG in place of the cover with the title; the card is then that of a product, with
    more of the title, and with `price` in place of facts. `picture`: address of a picture, in place
    of both. `can_act`: whether there is a button.
    """

    item: Item
    note: str = ""
    facts: str = ""
    price: str = ""
    drawing: str = ""
    picture: str = ""
    can_act: bool = True


@dataclass(frozen=True)
class KindButton:
    """The button that sends an event of a kind. `icon`: its name in Material Symbols."""

    kind: str
    label: str
    icon: str


@dataclass(frozen=True)
class Actions:
    """The callbacks of a card, the user's stars by item id, and the items that they hid.

    With `buttons`, users do not rate: an item's page has all of these instead of stars, a card has
    the one `on_card`.
    """

    rate: Callable[[Item, str], None]  # takes the item and the key of the stars' widget
    hide: Callable[[Item], None]
    show: Callable[[Item], None]  # undoes `hide`
    stars: Mapping[str, int]
    hidden: Container[str]
    act: Callable[[Item, str], None]  # takes the item and the kind of event
    buttons: tuple[KindButton, ...] = ()
    on_card: KindButton | None = None


def spread_row(key: str | None = None) -> DeltaGenerator:
    """Return a row that puts its first element at the left and its last at the right."""
    return st.container(
        horizontal=True, vertical_alignment="center", horizontal_alignment="distribute",
        gap="small", key=key,
    )  # fmt: skip


def heading(title: str, right: str = "") -> None:
    """Show a section's heading, and a text at its right. Both are Markdown."""
    with spread_row():
        st.subheader(title, anchor=False, width="content")
        if right:
            st.markdown(right, width="content")


def shelf(
    title: str, cards: Iterable[Card], key: str, *, right: str = "", actions: Actions | None = None
) -> None:
    """Show cards in a row that scrolls sideways. `key` is unique on the page.

    Without actions the cards are drawn as one element, which is faster.
    """
    with st.container(gap="xsmall"):
        heading(title, right)
        if actions is None:
            with st.container(key=f"shelf-{key}"):
                posters.show([_poster(card) for card in cards], f"open-{key}", _open)
            return
        with st.container(horizontal=True, wrap=False, gap="small", key=f"shelf-{key}"):
            for card in cards:
                _card(card, key, CARD_WIDTH, actions)


def grid(cards: Iterable[Card], key: str) -> None:
    """Show cards in as many columns as fit. `key` is unique on the page."""
    with _grid_columns():
        for card in cards:
            _card(card, key, "stretch", None)


@contextmanager
def skeletons(key: str, *, in_grid: bool = False) -> Iterator[None]:
    """Show empty cards while the block runs, if it takes over 0.5 s, once per visit.

    Later in the visit the old cards stay until the new ones are drawn. The placeholder is always
    drawn: without it all elements below would move up by one and be built again.
    """
    placeholder = st.empty()
    height = GRID_CARD_HEIGHT if in_grid else COVER_HEIGHT
    width: int | Literal["stretch"] = "stretch" if in_grid else CARD_WIDTH
    with ExitStack() as stack:
        if not st.session_state.get(f"waited-{key}"):
            st.session_state[f"waited-{key}"] = True
            with (
                placeholder.container(horizontal=not in_grid, key=f"waiting-{key}"),
                _grid_columns() if in_grid else nullcontext(),
            ):
                for _ in range(N_SKELETONS):
                    stack.enter_context(st.skeleton(height=height, width=width))
        yield
    placeholder.empty()


def _grid_columns() -> DeltaGenerator:
    return st.grid("auto", min_column_width=MIN_CARD_WIDTH, gap=("medium", "small"))


def stars(item: Item, shelf_key: str, actions: Actions) -> None:
    """Show five stars to click, filled up to the user's rating."""
    key = f"rate-{shelf_key}-{item.item_id}"
    n_stars = actions.stars.get(item.item_id)
    # An item on two shelves shows the saved rating on both, not the click on one of them.
    st.session_state[key] = None if n_stars is None else n_stars - 1
    st.feedback("stars", key=key, on_change=actions.rate, args=(item, key))


def kind_button(
    item: Item,
    shelf_key: str,
    actions: Actions,
    button: KindButton,
    *,
    is_main: bool = False,
    can_act: bool = True,
) -> None:
    """Show a button that sends an event of the user on the item."""
    st.button(
        button.label, key=f"act-{button.kind}-{shelf_key}-{item.item_id}",
        icon=f":material/{button.icon}:", type="primary" if is_main else "secondary",
        disabled=not can_act, on_click=actions.act, args=(item, button.kind),
    )  # fmt: skip


def cover_image(item: Item, picture: str = "", *, dimmed: bool = False) -> None:
    """Show the item's picture, by default its cover, at the width of its container."""
    picture = picture or _cover(item)
    if dimmed:
        picture = picture.replace("<svg ", f'<svg opacity="{DIMMED}" ', 1)
    st.image(picture, width="stretch", alt=f"Picture of {item.title}")


def title_button(item: Item, key: str, *, wrap: bool = False) -> None:
    """Show the item's title as a button that opens its page. `key` is unique on the page."""
    st.button(
        f"**{esc(item.title)}**", key=f"open-{key}", type="tertiary", wrap=wrap,
        on_click=_open, args=(item.item_id,),
    )  # fmt: skip


def facts(item: Item) -> str:
    """Return year and categories as Markdown: "1995 · Action, Crime". Never empty."""
    return esc(_facts(item)) or _BLANK


def theme_colour(name: str) -> str:
    """Return a colour of the current theme by name: "green", "gray", "primary"."""
    colour = st.get_option(f"theme.{st.context.theme.type or 'light'}.{name}Color")
    return str(colour or "#808080")


def empty_state(title: str, text: str) -> None:
    """Show that there is no content, and what to do about it. `text` is Markdown."""
    with st.container(horizontal_alignment="center", gap="small", border=True):
        st.space("small")
        st.image(brand.WAITING, width=220, alt="A lit lantern between two empty frames")
        st.subheader(title, anchor=False, width="content", text_alignment="center")
        st.markdown(text, width=520, text_alignment="center")
        st.space("small")


def _card(card: Card, shelf_key: str, width: int | str, actions: Actions | None) -> None:
    item, key = card.item, f"{shelf_key}-{card.item.item_id}"
    with st.container(
        width=width,  # type: ignore[arg-type] # pixels or "stretch"
        height="stretch", gap=None, key=f"card-{key}", horizontal_alignment="center",
    ):  # fmt: skip
        is_hidden = actions is not None and item.item_id in actions.hidden
        cover_image(item, card.picture or card.drawing, dimmed=is_hidden)
        title_button(item, key, wrap=bool(card.drawing))
        if card.price:
            st.markdown(f"**{esc(card.price)}**", text_alignment="center")
        else:
            st.caption(esc(card.facts) or facts(item), wrap=False, text_alignment="center")
        if card.note:
            st.caption(esc(card.note), text_alignment="center")
        if actions is not None:
            st.space("stretch")
            _actions(card, shelf_key, actions)


def _actions(card: Card, shelf_key: str, actions: Actions) -> None:
    item = card.item
    with st.container(
        horizontal=True, gap="xxsmall", vertical_alignment="center", horizontal_alignment="center"
    ):
        if item.item_id in actions.hidden:
            st.caption("Hidden", width="content")
            st.button(
                "Undo", key=f"show-{shelf_key}-{item.item_id}", type="tertiary",
                icon=":material/undo:", on_click=actions.show, args=(item,),
            )  # fmt: skip
            return
        if actions.on_card and not card.can_act:
            st.caption("Sold out", width="content")
        elif actions.on_card:
            kind_button(item, shelf_key, actions, actions.on_card)
        else:
            stars(item, shelf_key, actions)
        st.button(
            ":gray[:small[Hide]]", key=f"hide-{shelf_key}-{item.item_id}", type="tertiary",
            help="Not interested", on_click=actions.hide, args=(item,),
        )  # fmt: skip


def _poster(card: Card) -> Poster:
    item = card.item
    return Poster(
        item.item_id, item.title, card.price, card.facts or _facts(item) or _BLANK, card.note,
        card.drawing or _cover(item), card.picture, is_product=bool(card.drawing),
    )  # fmt: skip


def _cover(item: Item) -> str:
    return cover(item.title, item.released, item.categories[0] if item.categories else None)


def _facts(item: Item) -> str:
    year = str(item.released or "")
    return " · ".join(filter(None, [year, ", ".join(item.categories) or item.vendor]))


def _open(item_id: str) -> None:
    st.switch_page(pages.item(), query_params=pages.address() | {"id": item_id})
