"""Every page of the app: its file, its title and icon in the menu, its address.

A page object serves one run of the app, so each page is a function that returns a new one.
"""

from functools import partial
from pathlib import Path
from typing import NoReturn

import streamlit as st
from streamlit.runtime.scriptrunner import StopException

HERE = Path(__file__).parent
CONSOLE = HERE / "console"
IN_EVERY_ADDRESS = ("dataset",)

for_you = partial(
    st.Page, HERE / "demo/for_you.py", title="For you", icon=":material/recommend:", default=True
)
browse = partial(st.Page, HERE / "demo/browse.py", title="Browse", icon=":material/grid_view:")
basket = partial(
    st.Page, HERE / "demo/basket/page.py", title="Basket", icon=":material/shopping_basket:",
    url_path="basket",
)  # fmt: skip
ratings = partial(st.Page, HERE / "demo/ratings.py", title="My ratings", icon=":material/star:")
item = partial(  # one item, `/item?id=…`; not in the menu
    st.Page, HERE / "demo/item.py", title="Details", icon=":material/draft:", visibility="hidden"
)


def _of_console(title: str, icon: str) -> partial[st.Page]:
    """Return a page of the console: its address and its folder are its title."""
    address = title.lower()
    file = CONSOLE / address / "page.py"
    return partial(st.Page, file, title=title, icon=f":material/{icon}:", url_path=address)


overview = _of_console("Overview", "dashboard")
retrains = _of_console("Retrains", "autorenew")
models = _of_console("Models", "model_training")
data = _of_console("Data", "database")
rules = _of_console("Rules", "rule")
placements = _of_console("Placements", "view_agenda")
releases = _of_console("Releases", "inventory_2")
inspector = _of_console("Inspector", "troubleshoot")
lineage = _of_console("Lineage", "account_tree")
backtest = _of_console("Backtest", "event_repeat")
activity = _of_console("Activity", "history")
explore = _of_console("Explore", "query_stats")
maintenance = _of_console("Maintenance", "mop")


def address() -> dict[str, str]:
    """Return the parameters that links between pages carry: the data set."""
    chosen = {
        name: st.session_state.get(name) or st.query_params.get(name) for name in IN_EVERY_ADDRESS
    }
    return {name: str(value) for name, value in chosen.items() if value}


class Ended(StopException):
    """The page ends here; what was typed into fields that it does not show is kept."""


def end() -> NoReturn:
    """End the page here. Unlike `st.stop`, the app can still act after it."""
    raise Ended
