"""The feedback loop: events in the outbox and in the lake, their delay, and their balance."""

from collections.abc import Sequence
from datetime import UTC, datetime

import streamlit as st

from dashboards import ui
from dashboards.console import components
from dashboards.console.badges import Badge
from dashboards.console.lake_data import Collection, Feedback
from dashboards.text import NO_VALUE, age, plural
from serving.schemas import OutboxState

LATE_SECONDS = 900  # three missed collections


def show(outbox: OutboxState, feedback: Feedback) -> None:
    """Show the feedback events on their way from the API into the lake."""
    counts = feedback.reconciliation
    badge = _badge(outbox, feedback)
    ui.heading("Feedback loop", badge.markdown if badge else "")
    if not outbox.n_events and not counts.n_bronze:
        st.caption("No feedback yet. Ratings and hides from your product will appear here.")
        return
    with st.grid(3, min_column_width=140):
        st.metric("Queued in Postgres", f"{outbox.n_waiting:,}", border=True)
        oldest = age(outbox.oldest_waiting_at) if outbox.oldest_waiting_at else NO_VALUE
        st.metric("Oldest queued", oldest, border=True)
        st.metric("Awaiting refinement", f"{counts.n_waiting:,}", border=True)
    st.caption(
        f"{plural('event', counts.n_bronze)} in the lake to date: {counts.n_accepted:,} accepted, "
        f"{counts.n_duplicates:,} duplicates, {counts.n_quarantined:,} quarantined, "
        f"{counts.n_waiting:,} awaiting refinement."
    )
    if feedback.collections:
        components.table(
            _rows(feedback.collections), "The last collections with age, events and delay"
        )


def is_late(outbox: OutboxState) -> bool:
    """Return whether an event has been queued for longer than three collections take."""
    oldest = outbox.oldest_waiting_at
    return oldest is not None and (datetime.now(UTC) - oldest).total_seconds() > LATE_SECONDS


def _badge(outbox: OutboxState, feedback: Feedback) -> Badge | None:
    if not feedback.reconciliation.balances:
        return Badge("error", "Events missing or duplicated")
    if is_late(outbox):
        return Badge("warning", "Collection is late")
    return Badge("ok", "All events accounted for") if feedback.reconciliation.n_bronze else None


def _rows(collections: Sequence[Collection]) -> list[dict[str, str]]:
    return [
        {
            "Collected": f"{age(collection.collected_at)} ago",
            "Events": f"{collection.n_written:,}",
            "Longest delay": f"{collection.lag_seconds:,.0f} s",
        }
        for collection in collections
    ]
