"""What Streamlit's pages lack in the browser.

Each group of stars and each button of a card is named after its item, a click on a card's cover
opens the item, the Tab key stops at one card of each shelf, and links in menus show the focus. Back
leads to the address that was left. On a phone the menu closes when a page is chosen.
"""

from pathlib import Path

import streamlit as st

_FOLDER = Path(__file__).parent
_script = st.components.v2.component(
    "page_script",
    html="<span></span>",
    css=(_FOLDER / "page.css").read_text(),
    js=(_FOLDER / "page.js").read_text(),
    isolate_styles=False,
)


def run() -> None:
    """Improve the page that is shown, now and after each change of it."""
    _script(key="page_script", height=1)
