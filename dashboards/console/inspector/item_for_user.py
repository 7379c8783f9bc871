"""One item for one user: its rank or the cause of its absence, and the terms of its score."""

import streamlit as st

from dashboards import score_terms, ui
from dashboards.console import components
from dashboards.console.badges import Badge, Status
from dashboards.console.components import button
from dashboards.console.inspector import served, subject
from dashboards.text import NO_VALUE, capitalised, esc
from serving.schemas import About, ItemForUser, ItemStatus

_BADGES: dict[ItemStatus, tuple[Status, str]] = {
    "listed": ("ok", "On the list"),
    "below": ("idle", "Below the list"),
    "capped": ("warning", "Capped"),
    "rated": ("idle", "Rated"),
    "hidden": ("idle", "Hidden by the user"),
    "acted": ("idle", "Has it already"),
    "ruled_out": ("warning", "Ruled out"),
    "withdrawn": ("warning", "Withdrawn"),
    "cold": ("warning", "New to the model"),
    "unknown": ("error", "Unknown"),
}


def show(answer: ItemForUser, about: About) -> None:
    """Show where the item is for the user, what rules did to it, and the terms of its score."""
    title = esc(answer.item.title if answer.item else answer.item_id)
    badge = Badge(*_BADGES[answer.status])
    ui.heading(f"{title} for this user", badge.markdown)
    text = esc(capitalised(answer.text))
    st.markdown(f"{text}. {served.effects_text(answer.effects)}")
    with st.grid(4, min_column_width=150):
        is_listed = answer.status == "listed"
        components.metric("Rank" if is_listed else "Rank if listed", _rank(answer.rank))
        components.metric("Before the rules", _rank(answer.rank_before_rules))
        components.metric("By score alone", _rank(answer.rank_by_score))
        score = NO_VALUE if answer.score is None else f"{answer.score:.3f}"
        components.metric("Score", score)
    for effect in answer.effects:
        if effect.rank_without is not None and effect.rule != "others":
            st.caption(f"Without “{esc(effect.text)}”: #{effect.rank_without}")
    if answer.terms:
        score_terms.show(answer.terms, about, whose="Their rating")
    with components.row(gap="small"):
        noun = esc(about.item_noun)
        button(f"This {noun} for all users", "item_for_all", "groups", subject.choose, "user", "")
        button("Close", "item_close", "close", subject.choose, "item", "", type="tertiary")


def _rank(rank: int | None) -> str:
    return NO_VALUE if rank is None else f"#{rank:,}"
