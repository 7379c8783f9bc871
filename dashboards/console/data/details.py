"""One table: what its columns mean, which checks it enforces, its commits, its rows over time."""

from collections.abc import Sequence

import altair as alt
import pandas as pd
import streamlit as st

from dashboards import ui
from dashboards.console import charts, components
from dashboards.console.data import reading
from dashboards.console.data.tables import by_whom
from dashboards.console.lake_data import TableState
from dashboards.text import esc, moment
from warehouse.maintenance.inventory import RowCount
from warehouse.query import StoredDefinition
from warehouse.tables import Table

SHOWN_COMMITS = 6


def show(dataset: str, state: TableState) -> None:
    """Show the table that was picked."""
    table = state.table
    st.markdown(table.doc)
    details = reading.details(dataset, table.full_name, state.stored.version)
    columns, growth = st.tabs(["Columns and checks", "Versions"])
    with columns:
        _columns(table, details.definition)
        _checks(table, details.definition)
    with growth:
        if len(details.row_counts) > 1:
            colour = ui.theme_colour("violet")
            st.altair_chart(
                _chart(details.row_counts, colour), height=160, alt="Rows of each version"
            )
            st.caption("Rows by version, from the table's log.")
        rows = [
            {
                "Version": str(commit.version),
                "When": moment(commit.at),
                "What": esc(commit.operation.capitalize()),
                "By": by_whom(commit),
            }
            for commit in details.commits[:SHOWN_COMMITS]
        ]
        components.table(rows, "The last commits with version, time, operation and run")


def counts(points: Sequence[RowCount]) -> pd.DataFrame:
    """Return the rows by version, oldest first."""
    rows = [
        {"version": each.version, "at": moment(each.at), "rows": each.n_rows} for each in points
    ]
    return pd.DataFrame(rows, columns=["version", "at", "rows"])


def _columns(table: Table, stored: StoredDefinition) -> None:
    rows = []
    for column in table.columns:
        notes = ["key"] if column.name in table.key else []
        notes += ["may be null"] if column.nullable else []
        notes += [] if column.name in stored.columns else ["added by the next write"]
        rows.append(
            {
                "Column": f"**{esc(column.name)}**",
                "Type": f"`{column.type}`",
                "Meaning": column.doc,
                "": f":gray[{', '.join(notes)}]" if notes else "",
            }
        )
    components.table(rows, f"Columns of {table.full_name} with type and meaning")


def _checks(table: Table, stored: StoredDefinition) -> None:
    if not table.checks:
        st.caption("The table enforces its types and which columns may be null.")
        return
    st.markdown("**Checks of every write**")
    for name, condition in table.checks:
        pending = "" if name in stored.checks else " :gray[(not enforced by this older table)]"
        st.markdown(f"{esc(name.replace('_', ' '))}: `{condition}`{pending}")


def _chart(points: Sequence[RowCount], colour: str) -> alt.LayerChart | alt.FacetChart:
    base = alt.Chart(counts(points)).encode(
        x=alt.X("version:Q", title="Version", axis=charts.axis(format="d", tickMinStep=1)),
        y=alt.Y("rows:Q", title="Rows", axis=charts.axis(format="~s", tickCount=4)),
        tooltip=[
            alt.Tooltip("version:Q", title="Version"),
            alt.Tooltip("at:N", title="Written"),
            alt.Tooltip("rows:Q", title="Rows", format=","),
        ],
    )
    line = base.mark_line(interpolate="step-after", strokeWidth=2, color=colour)
    return alt.layer(line, base.mark_circle(size=40, opacity=1, color=colour))
