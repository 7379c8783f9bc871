"""Key figures: the live release, its users, the last verdict and its challenger's NDCG@10."""

from collections.abc import Sequence

import streamlit as st

from dashboards.console import components, evidence
from dashboards.console.badges import Badge
from dashboards.text import NO_VALUE, age, esc
from serving.schemas import Comparison, Release, Verdict

MIN_CHARTED = 3  # number of values from which a trend is drawn
_OPPONENTS = {"champion": "vs. live", "popularity": "vs. popular"}  # short: the tile is narrow


def show(
    live: Release, releases: Sequence[Release], verdicts: Sequence[Verdict], last: Badge | None
) -> None:
    """Show the four figures. `releases` and `verdicts` are newest first.

    `last` is the badge of the newest verdict.
    """
    with st.grid(4, min_column_width=160):
        components.metric(
            "Live release",
            f"#{live.release_id}",
            age(live.live_since or live.ready_at),
            colour="orange" if live.publishing_paused_by else "green",
            delta_description="live, publishing paused" if live.publishing_paused_by else "live",
        )
        _users(live, releases)
        _verdict(verdicts, last)
        _quality(verdicts)


def _users(live: Release, releases: Sequence[Release]) -> None:
    counts = [release.n_users for release in reversed(releases)]
    older = [release for release in releases if release.release_id < live.release_id]
    change = live.n_users - older[0].n_users if older else 0
    components.metric(
        "Users with a list",
        f"{live.n_users:,}",
        f"{change:+,}" if change else None,
        colour="green" if change > 0 else "gray",
        delta_arrow="auto",
        delta_description=f"since #{older[0].release_id}" if change else None,
        chart_data=counts if len(set(counts)) >= MIN_CHARTED else None,
        chart_type="area",
    )


def _verdict(verdicts: Sequence[Verdict], badge: Badge | None) -> None:
    if not verdicts or badge is None:
        components.metric("Last verdict", "None yet")
        return
    label, _, pending = badge.label.partition(", ")  # in two lines: the tile is narrow
    time = age(verdicts[0].decided_at)
    about_time = None if pending else "ago"
    delta, colour = pending.capitalize() or time, badge.colour
    components.metric("Last verdict", label, delta, colour, delta_description=about_time)


def _quality(verdicts: Sequence[Verdict]) -> None:
    compared = evidence.comparisons(verdicts[0] if verdicts else None)
    challenger, opponent = evidence.best(compared, "challenger"), evidence.opponent(compared)
    if challenger is None:
        components.metric("Challenger's NDCG@10", NO_VALUE)
        return
    interval = opponent.interval if opponent else None
    values = evidence.trend(verdicts)
    components.metric(
        "Challenger's NDCG@10",
        f"{challenger.value:.3f}",
        f"{interval[0]:+.3f}" if interval else None,
        colour=evidence.interval_colour(interval),
        delta_arrow="auto",
        delta_description=_OPPONENTS[opponent.role] if opponent and interval else None,
        help=_lead_text(opponent, interval) if opponent and interval else None,
        chart_data=values if len(values) >= MIN_CHARTED else None,
        chart_type="area",
    )


def _lead_text(opponent: Comparison, interval: tuple[float, float, float]) -> str:
    lead, low, high = interval
    name = esc(opponent.recipe)
    return f"Lead over {name}: {lead:+.4f}, 95 % interval {low:+.4f} to {high:+.4f}"
