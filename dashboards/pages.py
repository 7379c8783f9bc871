"""Every page of the app: where it lives, how it is called, what it shows of itself in the menu."""

from pathlib import Path

import streamlit as st

HERE = Path(__file__).parent
CARRIED = ("dataset", "user")


def address() -> dict[str, str]:
    """Return what the address names on every page: links that carry it need no detour back."""
    chosen = {name: st.session_state.get(name) or st.query_params.get(name) for name in CARRIED}
    return {name: str(value) for name, value in chosen.items() if value}


def for_you() -> st.Page:
    """Return the page that the app opens with."""
    return st.Page(
        HERE / "demo/for_you.py", title="For you", icon=":material/recommend:", default=True
    )


def browse() -> st.Page:
    """Return the catalogue."""
    return st.Page(
        HERE / "demo/browse.py", title="Browse", icon=":material/grid_view:", url_path="browse"
    )


def ratings() -> st.Page:
    """Return what somebody rated and hid, to be taken back."""
    return st.Page(
        HERE / "demo/ratings.py", title="My ratings", icon=":material/star:", url_path="ratings"
    )


def item() -> st.Page:
    """Return the page of one item. It is not in the menu; `/item?id=…` leads there."""
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
    """Return the console's page on what was tried, and how it was judged."""
    return st.Page(
        HERE / "console/models/page.py",
        title="Models",
        icon=":material/model_training:",
        url_path="models",
    )


def rules() -> st.Page:
    """Return the console's page on what everybody is shown, or is not, whatever a model says."""
    return st.Page(
        HERE / "console/rules/page.py", title="Rules", icon=":material/rule:", url_path="rules"
    )
