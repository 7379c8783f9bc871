"""What a user did in a data set without ratings: their newest events, in words."""

import streamlit as st

from dashboards import product_api
from dashboards.demo.words import kinds
from dashboards.text import day, esc, plural
from serving.schemas import About

SHOWN = 50


def show(dataset: str, user_id: str, about: About) -> None:
    """Show the user's newest events with their days. Items that have left the catalogue are not.

    Raises:
        ApiError: as of `product_api`.
    """
    events = product_api.events(dataset, user_id, tuple(about.kinds)).value.items[:SHOWN]
    items = product_api.details(dataset, sorted({event.item_id for event in events}))
    titles = {item.item_id: f"**{esc(item.title)}**" for item in items}
    done = [
        f"- You {kinds.past_act_markdown(event.kind, about, titles[event.item_id])}"
        f" :gray[· {esc(day(event.occurred_at.isoformat()))}]"
        for event in events
        if event.item_id in titles
    ]
    st.subheader("What you did", anchor=False)
    nothing = f"Nothing yet: your list follows what you do with {plural(about.item_noun)}."
    st.markdown("\n".join(done) or nothing)
