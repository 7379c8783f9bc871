"""Three people's lists side by side: what they would have seen, and what they came to like."""

from collections.abc import Sequence

import streamlit as st

from dashboards import ui
from dashboards.console.models.leaderboard import SLICES
from dashboards.console.retrains import Sample
from dashboards.text import esc

ORDER = {"challenger": 0, "champion": 1, "popularity": 2}
HEADS = {
    "challenger": "Challenger",
    "champion": "Live recipe",
    "popularity": "Best popularity",
}
HIT = ":green[:material/check_circle:]"
MISS = ":gray[:material/radio_button_unchecked:]"


def show(found: Sequence[Sample]) -> None:
    """Show each person's lists under the contestants."""
    ui.heading("Three people", f":gray[{HIT} came to like it afterwards]" if found else "")
    if not found:
        st.caption("No lists were kept: an evaluation writes those of three known people.")
        return
    by_person: dict[str, list[Sample]] = {}
    for each in found:
        by_person.setdefault(each.user_id, []).append(each)
    for tab, lists in zip(st.tabs([_name(lists) for lists in by_person.values()]),
                          by_person.values(), strict=True):  # fmt: skip
        with tab:
            _person(sorted(lists, key=lambda each: ORDER.get(each.role, len(ORDER))))


def in_words(slices: Sequence[str]) -> str:
    """Return who somebody is, by the slice of their activity."""
    active = (SLICES[name] for name in slices if name.startswith("active") and name in SLICES)
    return next(active, "").lower()


def _name(lists: Sequence[Sample]) -> str:
    words = in_words(lists[0].slices)
    return f"Person {esc(lists[0].user_id)}" + (f" · {words}" if words else "")


def _person(lists: Sequence[Sample]) -> None:
    st.caption(f"Came to like {lists[0].n_relevant} in the newer rows.")
    with st.grid(len(lists), min_column_width=220, gap="medium"):
        for each in lists:
            with st.container(gap="xxsmall"):
                hits = sum(each.relevant)
                st.markdown(
                    f"**{HEADS.get(each.role, esc(each.role))}** "
                    f":gray[{esc(each.recipe)} · {hits} of {len(each.titles)}]"
                )
                st.markdown("  \n".join(_lines(each)))


def _lines(sample: Sample) -> list[str]:
    return [
        f"{HIT} **{esc(title)}**" if hit else f"{MISS} {esc(title)}"
        for title, hit in zip(sample.titles, sample.relevant, strict=True)
    ]
