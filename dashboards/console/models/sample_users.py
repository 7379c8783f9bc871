"""The lists of a few sample users side by side, with the items that they rated highly later."""

from collections.abc import Sequence

import streamlit as st

from dashboards import ui
from dashboards.console import roles
from dashboards.console.models.leaderboard import SLICES
from dashboards.console.retrains import Sample
from dashboards.text import esc

HIT = ":green[:material/check_circle:]"
MISS = ":gray[:material/radio_button_unchecked:]"


def show(samples: Sequence[Sample]) -> None:
    """Show each user's lists under the compared recipes."""
    ui.heading("Sample users", f":gray[{HIT} rated highly later]" if samples else "")
    if not samples:
        st.caption("No sample lists. An evaluation stores the lists of three known users.")
        return
    by_user: dict[str, list[Sample]] = {}
    for sample in samples:
        by_user.setdefault(sample.user_id, []).append(sample)
    tabs = st.tabs([_label(lists[0]) for lists in by_user.values()])
    for tab, lists in zip(tabs, by_user.values(), strict=True):
        with tab:
            _user(sorted(lists, key=lambda sample: list(roles.LABELS).index(sample.role)))


def _label(sample: Sample) -> str:
    activity = [SLICES[name] for name in sample.slices if name.startswith("active")]
    words = [name.lower().removesuffix("s") for name in activity[:1]]
    return " · ".join([f"User {esc(sample.user_id)}", *words])


def _user(lists: Sequence[Sample]) -> None:
    st.caption(f"Relevant items in the gate's window: {lists[0].n_relevant}")
    with st.grid(len(lists), min_column_width=220, gap="medium"):
        for sample in lists:
            with st.container(gap="xxsmall"):
                hits = sum(sample.relevant)
                st.markdown(
                    f"**{esc(roles.label(sample.role))}** "
                    f":gray[{esc(sample.recipe)} · {hits} of {len(sample.titles)}]"
                )
                st.markdown("  \n".join(_lines(sample)))


def _lines(sample: Sample) -> list[str]:
    return [
        f"{HIT} **{esc(title)}**" if hit else f"{MISS} {esc(title)}"
        for title, hit in zip(sample.titles, sample.relevant, strict=True)
    ]
