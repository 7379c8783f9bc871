"""The tables of the lake: size, last change, and whether the live release used this version."""

from collections.abc import Sequence

import streamlit as st

from dashboards import ui
from dashboards.console import components, runs
from dashboards.console.lake_data import TableState
from dashboards.console.table_parts.definition import LAYERS
from dashboards.console.table_parts.freshness import freshness, newer_than_live
from dashboards.text import NO_BREAK, NO_VALUE, bytes_text, esc, moment, plural
from warehouse.query import Commit

_PICKED = "shown_table"


def show(states: Sequence[TableState]) -> None:
    """Show every table of one layer, which the account picks."""
    n_rows = sum(state.n_rows for state in states)
    size = bytes_text(sum(state.stored.n_bytes for state in states))
    count = f"{plural('table', len(states))}, {plural('row', n_rows)}, {size}"
    ui.heading("Tables", f":gray[{count}]")
    if not states:
        st.caption("No data yet. The first ingest creates the tables.")
        return
    stored = {state.table.layer for state in states}
    layers = [layer for layer in LAYERS if layer in stored]
    layer = st.segmented_control(
        "Layer",
        layers,
        default=layers[0],
        required=True,
        key="layer",
        format_func=lambda layer: f"{layer.capitalize()}: {LAYERS[layer]}",
        label_visibility="collapsed",
    )
    if newer := newer_than_live(states):
        st.caption(
            f"Newer than the live release: {esc(', '.join(newer))}. The next retrain includes "
            "these changes."
        )
    rows = [_row(state) for state in states if state.table.layer == layer]
    components.table(rows, "Tables with rows, size, version and last change")


def picker(states: Sequence[TableState]) -> TableState:
    """Return the table that the account picks: first that of `?table=`, else `silver.events`."""
    by_name = {state.table.full_name: state for state in states}
    default = "silver.events" if "silver.events" in by_name else next(iter(by_name))
    components.take_linked(_PICKED, "table", by_name, default)
    picked = st.selectbox("Table", list(by_name), key=_PICKED, filter_mode="contains")
    name = picked or default
    components.write_address("table", name, default)
    return by_name[name]


def _row(state: TableState) -> dict[str, str]:
    stored, badge = state.stored, freshness(state)
    served = "" if state.version_served is None else f" :gray[live: {state.version_served}]"
    changed = stored.changed
    return {
        "Table": f":gray[{state.table.layer}.]{esc(state.table.name)}",
        "Rows": f"{stored.n_rows:,}",
        "Size": bytes_text(stored.n_bytes),
        "Files": f"{stored.n_files:,}",
        "Version": f"{stored.version}{served}",
        "Last change": f"{_moment(changed)} by {_by_whom(changed)}" if changed else NO_VALUE,
        "Status": badge.markdown if badge else "",
    }


def _moment(commit: Commit) -> str:
    """Return the time of a commit without a line break, so that a phone shows low rows."""
    return moment(commit.at).replace(" ", NO_BREAK)


def _by_whom(commit: Commit) -> str:
    """Return the run of a commit as a Markdown link; the operation if no run wrote it."""
    key = str(commit.run_key) if commit.run_key else ""
    return runs.link(key) or esc(key or commit.operation.capitalize())
