"""A row of cards as one element of the page.

A card made of Streamlit's own elements takes five of them, at 1 ms or more each in the browser.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import streamlit as st

_FOLDER = Path(__file__).parent
_row = st.components.v2.component(
    "posters",
    html='<ul class="posters" role="list"></ul>',
    css=(_FOLDER / "posters.css").read_text(),
    js=(_FOLDER / "posters.js").read_text(),
    isolate_styles=False,
)


@dataclass(frozen=True, slots=True)
class Poster:
    """One card. Texts are shown literally.

    `price` is shown in place of `facts`. `cover` is SVG. It is shown if there is no `picture`,
    which is an address, or it does not load. A product's is a square, and its title has two lines.
    """

    id: str
    title: str
    price: str
    facts: str
    note: str
    cover: str
    picture: str = ""
    is_product: bool = False


def show(posters: Sequence[Poster], key: str, opened: Callable[[str], None]) -> None:
    """Show cards in a row that scrolls sideways. `key` is unique on the page.

    A click calls `opened` with the id of the card, before the page reruns.
    """

    def clicked() -> None:
        opened(st.session_state[key]["opened"])

    cards = [asdict(poster) for poster in posters]
    _row(key=key, data=cards, on_opened_change=clicked)
