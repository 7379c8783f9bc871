"""The lake as the console shows it: each table, its rows, and whether people see it already."""

from collections.abc import Sequence

import streamlit as st

from dashboards import ui
from dashboards.console import pieces
from dashboards.console.data import TableState
from dashboards.text import age, esc, plural

LAYERS = {"bronze": "as sent", "silver": "typed and clean", "gold": "made for a reader"}


def show(found: Sequence[TableState]) -> None:
    """Show every table that is there, by layer."""
    rows = sum(each.n_rows for each in found)
    ui.heading("Lake", f":gray[{plural('table', len(found))}, {rows:,} rows]" if found else "")
    if not found:
        st.caption("The lake is empty: ingest has not run.")
        return
    waiting = [
        each.table.full_name for each in found if freshness(each)[1] == "Newer than the lists"
    ]
    if waiting:
        st.caption(
            f"Not in the live lists yet: {esc(', '.join(waiting))}. The next retrain takes it."
        )
    pieces.table([_row(each) for each in found], "Tables of the lake with rows, version and age")
    st.caption(" · ".join(f"{name}: {words}" for name, words in LAYERS.items()))


def freshness(state: TableState) -> tuple[str, str]:
    """Return a tone and words: is what people see made from this version of the table?"""
    if state.table.name == "quarantine":
        return ("warn", f"{state.n_rows:,} refused") if state.n_rows else ("ok", "Nothing refused")
    if state.version_served is None:
        return "idle", ""
    if state.version > state.version_served:
        return "warn", "Newer than the lists"
    return "ok", "In the live lists"


def _row(state: TableState) -> dict[str, str]:
    tone, words = freshness(state)
    return {
        "Table": f":gray[{state.table.layer}.]{esc(state.table.name)}",
        "Rows": f"{state.n_rows:,}",
        "Version": str(state.version),
        "Written": f"{age(state.written_at)} ago",
        "Freshness": pieces.badge(tone, words) if words else "",  # type: ignore[arg-type] # a tone
    }
