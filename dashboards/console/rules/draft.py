"""The rules that an operator is about to make: what the editor's widgets hold, as one value.

A draft lives in the session and begins with what holds. It is known which version that was, so
that nobody undoes unawares what somebody else made meanwhile.
"""

from dataclasses import dataclass

import streamlit as st
from pydantic import ValidationError

from serving.schemas import Boost, Pin, RulesPreview, RulesVersion, SlateRules
from serving.schemas.rules import MAX_PINS

HIDE, PIN, BOOST = "draft_hide", "draft_pin", "draft_boost"
PER_CATEGORY, PER_VENDOR = "draft_per_category", "draft_per_vendor"
ONLY_AVAILABLE, DIVERSITY = "draft_only_available", "draft_diversity"
_OF, _FROM, _TRIED = "draft_of", "draft_from", "draft_tried"


@dataclass(frozen=True)
class Tried:
    """Rules that were previewed; without a preview where nothing was judged yet."""

    rules: SlateRules
    preview: RulesPreview | None


def rank_key(item_id: str) -> str:
    """Return the key of the widget with a pin's rank."""
    return f"draft_rank_{item_id}"


def by_key(category: str) -> str:
    """Return the key of the widget with a category's boost."""
    return f"draft_by_{category}"


def begin(dataset: str, holds: RulesVersion) -> None:
    """Begin a draft with the rules that hold, unless there is one of this data set."""
    if st.session_state.get(_OF) != dataset:
        begin_again(holds)
        st.session_state[_OF] = dataset


def version() -> int:
    """Return the version that the operator saw when he began."""
    return int(st.session_state[_FROM])


def stand_on(version: int) -> None:
    """Note that the operator saw this version; what was tried beside another counts no more."""
    st.session_state[_FROM] = version
    st.session_state.pop(_TRIED, None)


def begin_again(holds: RulesVersion) -> None:
    """Put what holds in the place of the draft."""
    fill(holds.rules)
    stand_on(holds.version)


def fill(rules: SlateRules) -> None:
    """Put these rules in the place of the draft. For callbacks, or before its widgets."""
    state = st.session_state
    state[HIDE], state[PIN] = list(rules.hide), [pin.item_id for pin in _by_rank(rules)]
    state[BOOST] = [boost.category for boost in rules.boost]
    state.update({rank_key(pin.item_id): pin.rank for pin in rules.pin})
    state.update({by_key(boost.category): float(boost.by) for boost in rules.boost})
    state[PER_CATEGORY], state[PER_VENDOR] = rules.most_per_category, rules.most_per_vendor
    state[ONLY_AVAILABLE], state[DIVERSITY] = rules.only_available, float(rules.diversity)
    state.pop(_TRIED, None)


def hide(item_id: str) -> None:
    """Hide an item, which is then no longer pinned."""
    unpin(item_id)
    if item_id not in st.session_state[HIDE]:
        st.session_state[HIDE] = [*st.session_state[HIDE], item_id]


def pin(item_id: str) -> None:
    """Pin an item to the first rank that is free; it is then no longer hidden."""
    state = st.session_state
    state[HIDE] = [each for each in state[HIDE] if each != item_id]
    taken = {state.get(rank_key(each)) for each in state[PIN]}
    free = [rank for rank in range(1, MAX_PINS + 1) if rank not in taken]
    if item_id not in state[PIN] and free:
        state[PIN] = [*state[PIN], item_id]
        state[rank_key(item_id)] = free[0]


def unpin(item_id: str) -> None:
    """Take a pin away."""
    st.session_state[PIN] = [each for each in st.session_state[PIN] if each != item_id]


def rules() -> SlateRules | str:
    """Return the draft as rules, or in words what contradicts itself in it."""
    state = st.session_state
    pins = [Pin(item_id=each, rank=state.get(rank_key(each)) or 1) for each in state[PIN]]
    boosts = [(each, state.get(by_key(each)) or 0.0) for each in state[BOOST]]
    try:
        return SlateRules(
            hide=tuple(state[HIDE]),
            pin=tuple(sorted(pins, key=lambda each: each.rank)),
            boost=tuple(Boost(category=name, by=round(by, 2)) for name, by in boosts if by),
            most_per_category=state[PER_CATEGORY],
            most_per_vendor=state[PER_VENDOR],
            only_available=state[ONLY_AVAILABLE],
            diversity=round(state[DIVERSITY], 2),
        )
    except ValidationError:
        return "Two pins claim the same rank."


def remember(tried: Tried) -> None:
    """Keep what a preview said."""
    st.session_state[_TRIED] = tried


def tried(asked: SlateRules | str) -> Tried | None:
    """Return the last preview, if it was of exactly these rules."""
    found = st.session_state.get(_TRIED)
    return found if isinstance(found, Tried) and found.rules == asked else None


def same(one: SlateRules, other: SlateRules) -> bool:
    """Return whether two are the same rules, whatever their order."""
    return _ordered(one) == _ordered(other)


def _ordered(rules: SlateRules) -> SlateRules:
    boosts = sorted(rules.boost, key=lambda each: each.category)
    ordered = {"hide": tuple(sorted(rules.hide)), "boost": tuple(boosts)}
    return rules.model_copy(update=ordered | {"pin": tuple(_by_rank(rules))})


def _by_rank(rules: SlateRules) -> list[Pin]:
    return sorted(rules.pin, key=lambda each: each.rank)
