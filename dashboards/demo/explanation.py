"""Why an item is or is not on a user's list, as sentences and as a chart of the score's terms."""

from collections.abc import Sequence

import streamlit as st

from dashboards import score_terms
from dashboards.text import esc
from serving.schemas import About, Explanation, ScoreTerm

_ICONS = {
    "listed": ":material/recommend:",
    "below": ":material/south:",
    "rated": ":material/star:",
    "hidden": ":material/visibility_off:",
    "acted": ":material/check:",
    "ruled_out": ":material/block:",
    "cold": ":material/fiber_new:",
}
_CAUSES = {
    "popularity": "its popularity",
    "released": "its release year",
    "segment": "its popularity among similar users",
}


def show(explanation: Explanation, about: About) -> None:
    """Show where the item is on the list, then what raised and what lowered its score."""
    icon = _ICONS.get(explanation.status, ":material/help:")
    st.markdown(f"{icon} {esc(explanation.text[:1].upper() + explanation.text[1:])}")
    if not explanation.terms:
        return
    st.subheader(f"Why this {esc(about.item_noun)}", anchor=False)
    st.caption(main_causes(explanation.terms, about))
    score_terms.show(explanation.terms, about)


def main_causes(terms: Sequence[ScoreTerm], about: About) -> str:
    """Return what raised the score most and what lowered it most, as Markdown."""
    highest, lowest = score_terms.extremes(terms)
    text = (
        f"Mostly because of {_cause(highest, about)}."
        if highest.value > 0
        else "Nothing that you did points to it."
    )
    if lowest.value < 0:
        cause = _cause(lowest, about)
        text += f" {cause[:1].upper()}{cause[1:]} lowered it."
    return text


def _cause(term: ScoreTerm, about: About) -> str:
    title = f"**{esc(term.title or '')}**"
    if term.kind == "rating" and term.rating is not None:
        return f"your {score_terms.rating_text(term.rating, about)} for {title}"
    if term.kind == "event":
        return f"what you did with {title}"
    return _CAUSES.get(term.kind, f"the category {title}")
