"""Why an item is or is not on a user's list, as sentences and as a chart of the score's terms."""

from contextlib import ExitStack

import streamlit as st

from dashboards import score_terms
from dashboards.demo.words import kinds
from dashboards.text import capitalised, esc
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


def place(explanation: Explanation) -> None:
    """Show where the item is on the list, or why it is not there."""
    icon = _ICONS.get(explanation.status, ":material/help:")
    st.markdown(f"{icon} {esc(capitalised(explanation.text))}")


def show(explanation: Explanation, about: About, *, is_open: bool) -> None:
    """Show what raised and what lowered the item's score: at once, or after a click."""
    if not explanation.terms:
        return
    title = f"Why this {esc(about.item_noun)}"
    with ExitStack() as stack:
        if is_open:
            st.subheader(title, anchor=False)
        else:
            stack.enter_context(st.expander(title, icon=":material/help:"))
        st.caption(main_causes(explanation, about))
        score_terms.show(explanation.terms, about)


def main_causes(explanation: Explanation, about: About) -> str:
    """Return what raised the score most and what lowered it most, as Markdown.

    What the user did with the item itself comes second: it is no reason to show it.
    """
    terms = explanation.terms
    others = [term for term in terms if term.item_id != explanation.item_id]
    highest, lowest = score_terms.extremes(others or terms)
    text = (
        f"Mostly because {_cause(highest, about)}."
        if highest.value > 0
        else "Nothing that you did points to it."
    )
    if lowest.value < 0:
        text += f" Its score is lower because {_cause(lowest, about)}."
    return text


def _cause(term: ScoreTerm, about: About) -> str:
    title = f"**{esc(term.title or '')}**"
    if term.kind == "rating" and term.rating is not None:
        return f"of your {score_terms.rating_text(term.rating, about)} for {title}"
    if term.kind == "event":
        return f"you {kinds.past_act_markdown(term.event_kind or '', about, title)}"
    return f"of {_CAUSES.get(term.kind, f'the category {title}')}"
