"""The lake's tables: size, version, age, and whether the live release used this version."""

from collections.abc import Sequence

import streamlit as st

from dashboards import ui
from dashboards.console import components
from dashboards.console.badges import Badge
from dashboards.console.lake_data import TableState
from dashboards.text import age, esc, plural

LAYERS = "bronze: as received · silver: typed and validated · gold: models and evaluations"
_NEWER = Badge("warning", "Newer than live")


def show(tables: Sequence[TableState]) -> None:
    """Show every table that exists, by layer."""
    if not tables:
        ui.heading("Data lake")
        st.caption("No data yet. Run the ingest DAG to load it.")
        return
    n_rows = sum(state.n_rows for state in tables)
    ui.heading("Data lake", f":gray[{plural('table', len(tables))}, {plural('row', n_rows)}]")
    newer = [state.table.full_name for state in tables if freshness(state) == _NEWER]
    if newer:
        st.caption(
            f"Newer than the live release: {esc(', '.join(newer))}. The next retrain includes "
            "these changes."
        )
    components.table([_row(state) for state in tables], "Tables with rows, version and age")
    st.caption(LAYERS)


def freshness(state: TableState) -> Badge | None:
    """Return a badge: whether the live release used this version. None: it uses no such table.

    The quarantine's badge is the number of its rows.
    """
    if state.table.name == "quarantine":
        if state.n_rows:
            return Badge("warning", f"{plural('row', state.n_rows)} quarantined")
        return Badge("ok", "Nothing quarantined")
    if state.version_served is None:
        return None
    return _NEWER if state.version > state.version_served else Badge("ok", "Live")


def _row(state: TableState) -> dict[str, str]:
    badge = freshness(state)
    return {
        "Table": f":gray[{state.table.layer}.]{esc(state.table.name)}",
        "Rows": f"{state.n_rows:,}",
        "Version": str(state.version),
        "Updated": f"{age(state.written_at)} ago",
        "Status": badge.markdown if badge else "",
    }
