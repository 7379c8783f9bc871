"""The list as served now: each item with its reason, the rules that moved it, its rank before."""

from collections.abc import Sequence

import streamlit as st

from dashboards import score_terms, ui
from dashboards.console.components import button
from dashboards.console.inspector import subject
from dashboards.text import esc, plural, with_minus
from serving.schemas import About, InspectedItem, RuleEffect, ScoreTerm, UserInspection

LENGTHS = (10, 20, 50)
SHOWN_TERMS = 3
_LENGTH = "inspect_length"
_TERMS = {"popularity": "popularity", "released": "year of release", "segment": "similar users"}


def length() -> int:
    """Return how many items of the list are shown."""
    return int(st.session_state.get(_LENGTH) or LENGTHS[1])


def show(user: UserInspection, about: About, item_id: str) -> None:
    """Show the list; a click on a title explains the item. `item_id` is the one explained now."""
    with ui.spread_row():
        st.subheader("List as served now", anchor=False, width="content")
        st.segmented_control(
            "Length", LENGTHS, default=LENGTHS[1], key=_LENGTH, label_visibility="collapsed"
        )
    if not user.items:
        st.caption(f"No {about.item_noun} is left for this user.")
    for item in user.items:
        _row(item, about, is_chosen=item.item_id == item_id)
    if user.items:
        st.caption("Click a title to see everything that raised or lowered its score")


def effects_text(effects: Sequence[RuleEffect]) -> str:
    """Return the effects of rules as badges."""
    return " ".join(
        f":gray-badge[{esc(effect.text)}]"
        if effect.rule == "others"
        else f":violet-badge[:material/rule: {esc(effect.text)}]"
        for effect in effects
    )


def terms_text(item: InspectedItem, about: About) -> str:
    """Return the strongest terms of the score, and the number and the sum of the others."""
    texts = [_term(term, about) for term in item.terms[:SHOWN_TERMS]]
    rest = item.terms[SHOWN_TERMS:]
    n_others = len(rest) + item.n_other_terms
    if n_others:
        total = sum(term.value for term in rest) + item.other_terms
        texts.append(f"{with_minus(f'{total:+.3f}')} {plural('smaller effect', n_others)}")
    return " · ".join(texts)


def _row(item: InspectedItem, about: About, *, is_chosen: bool) -> None:
    with st.container(gap=None, key=f"listed_{item.item_id}"):
        with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
            st.markdown(f":gray[{item.rank}]", width=28)
            title = f"**{esc(item.title)}**"
            button(
                f":violet[{title}]" if is_chosen else title, f"why_{item.item_id}", "",
                subject.choose, "item", item.item_id, type="tertiary",
            )  # fmt: skip
            st.markdown(f":gray[:small[score {item.score:.3f}]]", width="content")
            if marks := _marks(item):
                st.markdown(marks, width="content")
        reason = f"“{esc(item.reason.text)}”" if item.reason else ""  # as the product shows it
        st.caption(" · ".join(filter(None, [reason, terms_text(item, about)])))


def _marks(item: InspectedItem) -> str:
    marks = effects_text(item.effects)
    if item.rank_before_rules == item.rank:
        return marks
    before = "not ranked" if item.rank_before_rules is None else f"#{item.rank_before_rules}"
    return f"{marks} :gray[:small[{before} before the rules]]"


def _term(term: ScoreTerm, about: About) -> str:
    name = _TERMS.get(term.kind, term.title or term.kind)
    rating = "" if term.rating is None else f" ({score_terms.rating_text(term.rating, about)})"
    return f"{with_minus(f'{term.value:+.3f}')} {esc(name + rating)}"
