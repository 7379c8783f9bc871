"""The lists of a few sample users. Items that the user later rated highly are marked as hits."""

from collections.abc import Sequence
from itertools import groupby
from operator import attrgetter

import streamlit as st

from dashboards import ui
from dashboards.console import components, roles
from dashboards.console.models.leaderboard import SLICES
from dashboards.console.retrain_rows import Sample
from dashboards.text import esc

HIT = ":green[:material/check_circle:]"
MISS = ":gray[:material/radio_button_unchecked:]"


def show(samples: Sequence[Sample]) -> None:
    """Show each user's lists by the compared recipes side by side. Samples are by user."""
    ui.heading("Sample users", f":gray[{HIT} relevant: chosen after the cut]" if samples else "")
    if not samples:
        st.caption("No sample lists. An evaluation stores the lists of three known users.")
        return
    by_user = [list(lists) for _, lists in groupby(samples, attrgetter("user_id"))]
    for tab, lists in zip(st.tabs([_label(lists[0]) for lists in by_user]), by_user, strict=True):
        with tab:
            _user(sorted(lists, key=lambda sample: list(roles.LABELS).index(sample.role)))


def _label(sample: Sample) -> str:
    label = f"User {esc(sample.user_id)}"
    activity = next((SLICES[name] for name in sample.slices if name.startswith("active")), None)
    return f"{label} · {activity.lower().removesuffix(' users')}" if activity else label


def _user(lists: Sequence[Sample]) -> None:
    with components.row(gap="small"):
        st.caption(f"Relevant items in the gate's window: {lists[0].n_relevant}", width="content")
        components.inspector_link(lists[0].user_id)
    with st.grid(len(lists), min_column_width=220, gap="medium"):
        for sample in lists:
            with st.container(gap="xxsmall"):
                n_hits = f"hits: {sum(sample.relevant)} of {len(sample.titles)}"
                role = esc(roles.label(sample.role))
                st.markdown(f"**{role}** :gray[{esc(sample.recipe)} · {n_hits}]")
                titles = zip(sample.titles, sample.relevant, strict=True)
                lines = [
                    f"{HIT} **{esc(title)}**" if is_hit else f"{MISS} {esc(title)}"
                    for title, is_hit in titles
                ]
                st.markdown("  \n".join(lines))
