"""Links of other pages to the Inspector."""

import streamlit as st

from dashboards import pages
from dashboards.text import esc


def user(user_id: str) -> None:
    """Show a link to a user."""
    st.page_link(
        pages.inspector(),
        label=f":gray[:small[Inspect {esc(user_id)}]]",
        icon=":material/troubleshoot:",
        query_params=pages.address() | {"user": user_id},
    )
