"""Every page of the app: its file, its title and icon in the menu, its address."""

from pathlib import Path

import streamlit as st

HERE = Path(__file__).parent
IN_EVERY_ADDRESS = ("dataset", "user")


def address() -> dict[str, str]:
    """Return the parameters that links between pages carry: the data set and the user."""
    chosen = {
        name: st.session_state.get(name) or st.query_params.get(name) for name in IN_EVERY_ADDRESS
    }
    return {name: str(value) for name, value in chosen.items() if value}


def for_you() -> st.Page:
    """Return the page that the app opens with."""
    return st.Page(
        HERE / "demo/for_you.py", title="For you", icon=":material/recommend:", default=True
    )


def browse() -> st.Page:
    """Return the page of the catalogue."""
    return st.Page(
        HERE / "demo/browse.py", title="Browse", icon=":material/grid_view:", url_path="browse"
    )


def ratings() -> st.Page:
    """Return the page of what the user rated and hid."""
    return st.Page(
        HERE / "demo/ratings.py", title="My ratings", icon=":material/star:", url_path="ratings"
    )


def item() -> st.Page:
    """Return the page of one item, `/item?id=…`. It is not in the menu."""
    return st.Page(
        HERE / "demo/item.py",
        title="Details",
        icon=":material/draft:",
        url_path="item",
        visibility="hidden",
    )


def overview() -> st.Page:
    """Return the console's first page."""
    return st.Page(
        HERE / "console/overview/page.py",
        title="Overview",
        icon=":material/dashboard:",
        url_path="overview",
    )


def models() -> st.Page:
    """Return the console's page of retrains and their evaluation."""
    return st.Page(
        HERE / "console/models/page.py",
        title="Models",
        icon=":material/model_training:",
        url_path="models",
    )


def rules() -> st.Page:
    """Return the console's page of slate rules."""
    return st.Page(
        HERE / "console/rules/page.py", title="Rules", icon=":material/rule:", url_path="rules"
    )
