"""The precomputed list beside the one served now, and what slate rules left out."""

from collections.abc import Sequence

import streamlit as st

from dashboards import ui
from dashboards.console import components
from dashboards.text import capitalised, esc, plural
from serving.schemas import ComparedItem, InspectedItem, UserInspection


def show(user: UserInspection) -> None:
    """Show both lists side by side with what changed, and the items that rules moved off it."""
    ui.heading("Precomputed and served now", f":gray[{_summary(user)}]")
    left, right = st.columns(2, gap="medium")
    with left:
        origin = "fallback list" if user.kind == "fallback" else "list"
        release = f"release {user.release.release_id}" if user.release else "the release"
        st.markdown(f"**Precomputed** :gray[{origin} of {release}]")
        st.markdown("  \n".join(_before(item, user.limit) for item in user.precomputed) or "None.")
    with right:
        st.markdown("**Served now** :gray[with newer events and rules]")
        before = {item.item_id: item.rank for item in user.precomputed}
        st.markdown("  \n".join(_after(item, before) for item in user.items) or "None.")
    _left_out(user)


def n_changed(user: UserInspection) -> int:
    """Return how many ranks of the served list have another item than the precomputed list."""
    served = [item.item_id for item in user.items]
    precomputed = [item.item_id for item in user.precomputed]
    n = max(len(served), len(precomputed))
    pairs = zip(_padded(served, n), _padded(precomputed, n), strict=True)
    return sum(now != before for now, before in pairs)


def _summary(user: UserInspection) -> str:
    n = n_changed(user)
    return f"{plural('rank', n)} changed" if n else "the same"


def _padded(ids: Sequence[str], n: int) -> list[str | None]:
    return [*ids, *[None] * (n - len(ids))]


def _before(item: ComparedItem, limit: int) -> str:
    line = f"{item.rank}. {esc(item.title)}"
    if item.rank_now == item.rank:
        return line
    if item.rank_now is not None and item.rank_now <= limit:
        return f"{line} :gray[:small[now #{item.rank_now}]]"
    return f"{line} :orange[:small[{esc(item.text)}]]"


def _after(item: InspectedItem, before: dict[str, int]) -> str:
    line = f"{item.rank}. {esc(item.title)}"
    was = before.get(item.item_id)
    if was == item.rank:
        return line
    return f"{line} :green[:small[new]]" if was is None else f"{line} :gray[:small[was #{was}]]"


def _left_out(user: UserInspection) -> None:
    missing = [
        item for item in user.without_rules if item.rank_now is None or item.rank_now > user.limit
    ]
    if not missing:
        return
    st.markdown("**Left out by the rules**")
    rows = [
        {
            "Rank without rules": str(item.rank),
            "Title": esc(item.title),
            "Why": esc(capitalised(item.text)),
        }
        for item in missing
    ]
    components.table(rows, "Items that would be listed without slate rules, with the cause")
