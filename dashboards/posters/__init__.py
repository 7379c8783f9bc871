"""Cards side by side as one element of the page: a browser draws fifty of them in no time.

Of Streamlit's own elements a card takes five, and each costs the browser a millisecond or more.
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
    """One card. Texts are shown as they are; `cover` is SVG."""

    id: str
    title: str
    facts: str
    note: str
    cover: str


def show(posters: Sequence[Poster], key: str, opened: Callable[[str], None]) -> None:
    """Show cards, to be scrolled sideways.

    Args:
        posters: the cards.
        key: unique on the page.
        opened: called with the id of the card that was clicked, before the page runs again.
    """

    def clicked() -> None:
        opened(st.session_state[key]["opened"])

    cards = [asdict(each) for each in posters]
    _row(key=key, data=cards, on_opened_change=clicked)
