"""The row of key figures: the live release, its users, the last verdict and its quality."""

from collections.abc import Sequence

import streamlit as st

from dashboards.console import badges, evidence
from dashboards.text import NO_VALUE, age
from serving.schemas import Release, Verdict

MIN_CHARTED = 3  # values of a trend


def show(live: Release, releases: Sequence[Release], verdicts: Sequence[Verdict]) -> None:
    """Show the four figures. `releases` and `verdicts` are newest first."""
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
        _users(live, releases)
        _verdict(verdicts)
        _quality(verdicts)


def _users(live: Release, releases: Sequence[Release]) -> None:
    counts = [release.n_users for release in reversed(releases)]
    older = [release for release in releases if release.release_id < live.release_id]
    more = live.n_users - older[0].n_users if older else 0
    st.metric(
        "Users with a list",
        f"{live.n_users:,}",
        f"{more:+,}" if more else None,
        delta_color="green" if more > 0 else "gray",
        delta_description=f"since #{older[0].release_id}" if more else None,
        chart_data=counts if len(set(counts)) >= MIN_CHARTED else None,
        chart_type="area",
        border=True,
        height="stretch",
    )


def _verdict(verdicts: Sequence[Verdict]) -> None:
    if not verdicts:
        st.metric("Last verdict", "None yet", border=True, height="stretch")
        return
    badge = badges.VERDICTS[verdicts[0].verdict]
    st.metric(
        "Last verdict",
        badge.label,
        age(verdicts[0].decided_at),
        delta_color=badge.colour,
        delta_arrow="off",
        delta_description="ago",
        border=True,
        height="stretch",
    )


def _quality(verdicts: Sequence[Verdict]) -> None:
    compared = evidence.comparisons(verdicts[0] if verdicts else None)
    challenger = evidence.first(compared, "challenger")
    popularity = evidence.first(compared, "popularity")
    if challenger is None:
        st.metric("NDCG@10", NO_VALUE, border=True, height="stretch")
        return
    interval = popularity.interval if popularity else None
    values = evidence.trend(verdicts)
    st.metric(
        "NDCG@10 vs. popularity",
        f"{challenger.value:.3f}",
        f"{interval[0]:+.3f}" if interval else None,
        delta_color=evidence.interval_colour(interval),
        delta_description=f"± {(interval[2] - interval[1]) / 2:.3f}" if interval else None,
        chart_data=values if len(values) >= MIN_CHARTED else None,
        chart_type="area",
        border=True,
        height="stretch",
    )
