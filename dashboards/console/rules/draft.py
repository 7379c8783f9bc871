"""The draft of slate rules: the values of the editor's widgets, in the session state.

A draft starts from the active rules and keeps their version, so that no operator replaces a
version that they have not seen.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st
from pydantic import ValidationError

from serving.schemas import Boost, Pin, RulesPreview, RulesVersion, SlateRules
from serving.schemas.rules import MAX_PINS

HIDE, PIN, BOOST = "draft_hide", "draft_pin", "draft_boost"
PER_CATEGORY, PER_VENDOR = "draft_most_per_category", "draft_most_per_vendor"
ONLY_AVAILABLE, DIVERSITY = "draft_only_available", "draft_diversity"
KEEP_IF = "draft_keep_if"
_FIELDS = ("most_per_category", "most_per_vendor", "only_available", "diversity")  # one widget each
_DATASET, _VERSION, _PREVIEWED = "draft_dataset", "draft_version", "draft_previewed"


@dataclass(frozen=True)
class PreviewedRules:
    """Rules with their preview, which is None if no retrain has stored lists yet."""

    rules: SlateRules
    preview: RulesPreview | None


def rank_key(item_id: str) -> str:
    """Return the key of the widget for a pin's rank."""
    return f"draft_rank_{item_id}"


def boost_key(category: str) -> str:
    """Return the key of the widget for a category's boost."""
    return f"draft_by_{category}"


def start(dataset: str, active: RulesVersion) -> None:
    """Start a draft from the active rules, unless this data set has a draft already."""
    if st.session_state.get(_DATASET) != dataset:
        restart(active)
        st.session_state[_DATASET] = dataset


def version() -> int:
    """Return the active version that the operator has seen."""
    return int(st.session_state[_VERSION])


def rebase(version: int) -> None:
    """Record that the operator has seen this version, and drop a preview against another one."""
    st.session_state[_VERSION] = version
    st.session_state.pop(_PREVIEWED, None)


def restart(active: RulesVersion) -> None:
    """Replace the draft with the active rules."""
    fill(active.rules)
    rebase(active.version)


def discard() -> None:
    """Let the next run of the page start a new draft from the active rules."""
    st.session_state.pop(_DATASET, None)


def fill(rules: SlateRules) -> None:
    """Replace the draft with these rules. Call it in a callback, or before the widgets."""
    state = st.session_state
    state[HIDE] = list(rules.hide)
    state[PIN] = [pin.item_id for pin in _by_rank(rules.pin)]
    state[BOOST] = [boost.category for boost in rules.boost]
    state.update({rank_key(pin.item_id): pin.rank for pin in rules.pin})
    state.update({boost_key(boost.category): float(boost.by) for boost in rules.boost})
    state.update({f"draft_{name}": getattr(rules, name) for name in _FIELDS})
    state[KEEP_IF] = rules.keep_if or ""
    state.pop(_PREVIEWED, None)


def rules() -> SlateRules | None:
    """Return the draft as rules; None if two pins have the same rank."""
    state = st.session_state
    pins = [Pin(item_id=item_id, rank=state.get(rank_key(item_id)) or 1) for item_id in state[PIN]]
    boosts = {name: round(state.get(boost_key(name)) or 0.0, 2) for name in state[BOOST]}
    values = {name: state[f"draft_{name}"] for name in _FIELDS}
    try:
        return SlateRules(
            hide=tuple(state[HIDE]),
            pin=tuple(_by_rank(pins)),
            boost=tuple(Boost(category=name, by=by) for name, by in boosts.items() if by),
            keep_if=(state[KEEP_IF] or "").strip() or None,
            **values | {"diversity": round(values["diversity"], 2)},
        )
    except ValidationError:
        return None


def hide(item_id: str) -> None:
    """Hide an item and remove its pin."""
    unpin(item_id)
    if item_id not in st.session_state[HIDE]:
        st.session_state[HIDE] = [*st.session_state[HIDE], item_id]


def pin(item_id: str) -> None:
    """Pin an item at the first free rank, and unhide it."""
    state = st.session_state
    state[HIDE] = [hidden for hidden in state[HIDE] if hidden != item_id]
    taken = {state.get(rank_key(pinned)) for pinned in state[PIN]}
    free = [rank for rank in range(1, MAX_PINS + 1) if rank not in taken]
    if item_id not in state[PIN] and free:
        state[PIN] = [*state[PIN], item_id]
        state[rank_key(item_id)] = free[0]


def unpin(item_id: str) -> None:
    """Remove a pin."""
    st.session_state[PIN] = [pinned for pinned in st.session_state[PIN] if pinned != item_id]


def keep_preview(previewed: PreviewedRules) -> None:
    """Keep the last preview."""
    st.session_state[_PREVIEWED] = previewed


def previewed(rules: SlateRules | None) -> PreviewedRules | None:
    """Return the last preview if it was of exactly these rules."""
    last = st.session_state.get(_PREVIEWED)
    return last if isinstance(last, PreviewedRules) and last.rules == rules else None


def is_same(left: SlateRules, right: SlateRules) -> bool:
    """Return whether two sets of rules are equal except for their order."""
    return _unordered(left) == _unordered(right)


def _unordered(rules: SlateRules) -> dict[str, object]:
    return {name: {*value} if isinstance(value, tuple) else value for name, value in rules}


def _by_rank(pins: Sequence[Pin]) -> list[Pin]:
    return sorted(pins, key=lambda pin: pin.rank)
