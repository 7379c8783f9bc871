"""Every page of the app: its file, its title and icon in the menu, its address.

A page object serves one run of the app, so each page is a function that returns a new one.
"""

from functools import partial
from pathlib import Path

import streamlit as st

HERE = Path(__file__).parent
CONSOLE = HERE / "console"
IN_EVERY_ADDRESS = ("dataset",)

for_you = partial(
    st.Page, HERE / "demo/for_you.py", title="For you", icon=":material/recommend:", default=True
)
browse = partial(st.Page, HERE / "demo/browse.py", title="Browse", icon=":material/grid_view:")
ratings = partial(st.Page, HERE / "demo/ratings.py", title="My ratings", icon=":material/star:")
item = partial(  # one item, `/item?id=…`; not in the menu
    st.Page, HERE / "demo/item.py", title="Details", icon=":material/draft:", visibility="hidden"
)
overview = partial(
    st.Page, CONSOLE / "overview/page.py", title="Overview", icon=":material/dashboard:",
    url_path="overview",
)  # fmt: skip
retrains = partial(
    st.Page, CONSOLE / "retraining/page.py", title="Retrains", icon=":material/autorenew:",
    url_path="retrains",
)  # fmt: skip
models = partial(
    st.Page, CONSOLE / "models/page.py", title="Models", icon=":material/model_training:",
    url_path="models",
)  # fmt: skip
data = partial(
    st.Page, CONSOLE / "lake/page.py", title="Data", icon=":material/database:", url_path="data"
)
rules = partial(
    st.Page, CONSOLE / "rules/page.py", title="Rules", icon=":material/rule:", url_path="rules"
)

releases = partial(
    st.Page, CONSOLE / "releases/page.py", title="Releases", icon=":material/inventory_2:",
    url_path="releases",
)  # fmt: skip
inspector = partial(
    st.Page, CONSOLE / "inspector/page.py", title="Inspector", icon=":material/troubleshoot:",
    url_path="inspector",
)  # fmt: skip
lineage = partial(
    st.Page, CONSOLE / "lineage/page.py", title="Lineage", icon=":material/account_tree:",
    url_path="lineage",
)  # fmt: skip
backtest = partial(
    st.Page, CONSOLE / "backtest/page.py", title="Backtest", icon=":material/event_repeat:",
    url_path="backtest",
)  # fmt: skip
activity = partial(
    st.Page, CONSOLE / "activity/page.py", title="Activity", icon=":material/history:",
    url_path="activity",
)  # fmt: skip
explore = partial(
    st.Page, CONSOLE / "explore/page.py", title="Explore", icon=":material/query_stats:",
    url_path="explore",
)  # fmt: skip
maintenance = partial(
    st.Page, CONSOLE / "maintenance/page.py", title="Maintenance", icon=":material/mop:",
    url_path="maintenance",
)  # fmt: skip


def address() -> dict[str, str]:
    """Return the parameters that links between pages carry: the data set."""
    chosen = {
        name: st.session_state.get(name) or st.query_params.get(name) for name in IN_EVERY_ADDRESS
    }
    return {name: str(value) for name, value in chosen.items() if value}
