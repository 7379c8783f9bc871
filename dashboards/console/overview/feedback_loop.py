"""The feedback loop as the console shows it: what waits, how late, and whether nothing is lost."""

from collections.abc import Sequence
from datetime import UTC, datetime

import streamlit as st

from dashboards import ui
from dashboards.console import pieces
from dashboards.console.data import Collection, Loop
from dashboards.text import NO_VALUE, age, plural
from serving.schemas import OutboxState

LATE_SECONDS = 900  # three collections were missed


def show(outbox: OutboxState, loop: Loop) -> None:
    """Show what people sent, from the API into the lake."""
    ui.heading("Feedback loop", _verdict(outbox, loop))
    if not outbox.n_events and not loop.reconciliation.n_bronze:
        st.caption("No event was sent yet: ratings and hides of the product arrive here.")
        return
    counts = loop.reconciliation
    with st.grid(3, min_column_width=140):
        st.metric("Wait in Postgres", f"{outbox.n_waiting:,}", border=True)
        waited = age(outbox.oldest_waiting_at) if outbox.oldest_waiting_at else NO_VALUE
        st.metric("The oldest waits for", waited, border=True)
        st.metric("Wait to be refined", f"{counts.n_waiting:,}", border=True)
    st.caption(
        f"Since the beginning {plural('event', counts.n_bronze)} in the lake: "
        f"{counts.n_accepted:,} accepted, {counts.n_duplicates:,} said nothing new, "
        f"{counts.n_quarantined:,} refused, "
        f"{counts.n_waiting:,} wait for the next retrain."
    )
    if loop.collections:
        pieces.table(_rows(loop.collections), "Last collections with events, delay and age")


def is_late(outbox: OutboxState) -> bool:
    """Whether an event waits for longer than collecting takes."""
    oldest = outbox.oldest_waiting_at
    return oldest is not None and (datetime.now(UTC) - oldest).total_seconds() > LATE_SECONDS


def _verdict(outbox: OutboxState, loop: Loop) -> str:
    if not loop.reconciliation.balances:
        return pieces.badge("bad", "The sheet does not close")
    if is_late(outbox):
        return pieces.badge("warn", "Collecting is late")
    return pieces.badge("ok", "The sheet closes") if loop.reconciliation.n_bronze else ""


def _rows(collections: Sequence[Collection]) -> list[dict[str, str]]:
    return [
        {
            "Collected": f"{age(each.collected_at)} ago",
            "Events": f"{each.n_written:,}",
            "The oldest had waited": f"{each.lag_seconds:,.0f} s",
        }
        for each in collections
    ]
