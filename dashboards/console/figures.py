"""The row of figures at the top: what is live, for how many, and how good it was judged."""

from collections.abc import Sequence
from typing import Literal

import streamlit as st

from dashboards.console import evidence
from dashboards.text import NO_VALUE, age
from serving.schemas import Release, Verdict

A_TREND = 3  # values that make one
Colour = Literal["green", "orange", "red", "gray", "violet"]
_COLOURS: dict[str, Colour] = {"ok": "green", "warn": "orange", "bad": "red", "run": "violet"}


def show(live: Release, past: Sequence[Release], verdicts: Sequence[Verdict]) -> None:
    """Show the four figures. `past` and `verdicts` are newest first."""
    with st.grid(4, min_column_width=160):
        st.metric(
            "Live release",
            f"#{live.release_id}",
            age(live.live_since or live.ready_at),
            delta_color="orange" if live.publishing_paused_by else "green",
            delta_arrow="off",
            delta_description="publishing paused" if live.publishing_paused_by else "live",
            border=True,
            height="stretch",
        )
        _people(live, past)
        _verdict(verdicts)
        _quality(verdicts)


def _people(live: Release, past: Sequence[Release]) -> None:
    counts = [each.n_users for each in sorted(past, key=lambda each: each.release_id)]
    older = [each for each in past if each.release_id < live.release_id]
    more = live.n_users - older[0].n_users if older else 0
    st.metric(
        "People with a list",
        f"{live.n_users:,}",
        f"{more:+,}" if more else None,
        delta_color="green" if more > 0 else "gray",
        delta_description=f"since #{older[0].release_id}" if more else None,
        chart_data=counts if len(set(counts)) >= A_TREND else None,
        chart_type="area",
        border=True,
        height="stretch",
    )


def _verdict(verdicts: Sequence[Verdict]) -> None:
    if not verdicts:
        st.metric("Last verdict", "None yet", border=True, height="stretch")
        return
    tone, word = evidence.WORDS[verdicts[0].verdict]
    st.metric(
        "Last verdict",
        word,
        age(verdicts[0].decided_at),
        delta_color=_COLOURS[tone],
        delta_arrow="off",
        delta_description="ago",
        border=True,
        height="stretch",
    )


def _quality(verdicts: Sequence[Verdict]) -> None:
    found = evidence.comparisons(verdicts[0]) if verdicts else []
    ours, popular = evidence.challenger(found), evidence.best_popularity(found)
    if ours is None:
        st.metric("NDCG@10", NO_VALUE, border=True, height="stretch")
        return
    interval = popular.interval if popular else None
    values = evidence.trend(verdicts)
    st.metric(
        "NDCG@10 vs popularity",
        f"{ours.value:.3f}",
        f"{interval[0]:+.3f}" if interval else None,
        delta_color=sure(interval),
        delta_description=f"± {(interval[2] - interval[1]) / 2:.3f}" if interval else None,
        chart_data=values if len(values) >= A_TREND else None,
        chart_type="area",
        border=True,
        height="stretch",
    )


def sure(interval: tuple[float, float, float] | None) -> Colour:
    """Return the colour of a lead: green or red where its interval leaves out zero."""
    if interval is None or interval[1] <= 0 <= interval[2]:
        return "gray"
    return "green" if interval[1] > 0 else "red"
