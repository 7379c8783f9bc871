"""The feedback loop: events in the outbox and in the lake, their delay and reconciliation."""

from datetime import UTC, datetime, timedelta

import streamlit as st

from dashboards import ui
from dashboards.console import components
from dashboards.console.badges import Badge
from dashboards.console.lake_data import Feedback
from dashboards.text import NO_VALUE, age, plural
from serving.schemas import OutboxState
from warehouse.reconciliation import Reconciliation


def show(outbox: OutboxState, feedback: Feedback, promised: timedelta) -> None:
    """Show how many feedback events have reached the lake and how many wait in the outbox.

    `promised` is the time within which an event is to be collected.
    """
    counts = feedback.reconciliation
    badge = _badge(outbox, counts, promised)
    ui.heading("Feedback loop", badge.markdown if badge else "")
    if not outbox.n_events and not counts.n_bronze:
        st.caption("No feedback yet. Events from your product will appear here.")
        return
    with st.grid(3, min_column_width=140):
        st.metric("Waiting in the outbox", f"{outbox.n_waiting:,}", border=True)
        oldest = age(outbox.oldest_waiting_at) if outbox.oldest_waiting_at else NO_VALUE
        st.metric("Oldest waiting", oldest, border=True)
        st.metric(
            "Pending in the lake", f"{counts.n_waiting:,}", border=True, help="Not refined yet"
        )
    st.caption(
        f"{plural('event', counts.n_bronze)} in the lake to date: {counts.n_accepted:,} accepted, "
        f"{plural('duplicate', counts.n_duplicates)}, {counts.n_quarantined:,} quarantined, "
        f"{counts.n_waiting:,} pending."
    )
    if feedback.collections:
        rows = [
            {
                "Collected": f"{age(collection.collected_at)} ago",
                "Events": f"{collection.n_written:,}",
                "Longest delay": f"{collection.lag_seconds:,.0f} s",
            }
            for collection in feedback.collections
        ]
        components.table(rows, "The last collections with age, events and delay")


def _badge(outbox: OutboxState, counts: Reconciliation, promised: timedelta) -> Badge | None:
    if not counts.balances:
        return Badge("error", "Events missing or duplicated")
    oldest = outbox.oldest_waiting_at
    if oldest and datetime.now(UTC) - oldest > promised:
        return Badge("warning", "Collection is late")
    return Badge("ok", "All events accounted for") if counts.n_bronze else None
