"""One table: what its columns mean, which checks it enforces, its commits, its rows over time."""

from collections.abc import Sequence

import altair as alt
import pandas as pd
import streamlit as st

from dashboards import ui
from dashboards.console import charts
from dashboards.console.lake_data import TableState
from dashboards.console.table_parts import definition, stored
from dashboards.text import moment
from warehouse.maintenance.inventory import RowCount


def show(dataset: str, state: TableState) -> None:
    """Show the table that was picked."""
    table = state.table
    st.markdown(table.doc)
    details = stored.details(dataset, table.full_name, state.stored.version)
    columns, growth = st.tabs(["Columns and checks", "Versions"])
    with columns:
        definition.show_columns(table, details.definition)
        definition.show_checks(table, details.definition)
    with growth:
        if len(details.row_counts) > 1:
            colour = ui.theme_colour("violet")
            st.altair_chart(
                _chart(details.row_counts, colour), height=160, alt="Rows of each version"
            )
            st.caption("Rows by version, from the table's log.")
        versions = stored.history(dataset, table.full_name, state.stored.version)
        definition.show_versions(table, versions)


def counts(points: Sequence[RowCount]) -> pd.DataFrame:
    """Return the rows by version, oldest first."""
    rows = [
        {"version": each.version, "at": moment(each.at), "rows": each.n_rows} for each in points
    ]
    return pd.DataFrame(rows, columns=["version", "at", "rows"])


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
