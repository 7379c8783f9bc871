"""The tables of the lake: what they are, their columns, sample rows, history and checks."""

from collections.abc import Sequence

import streamlit as st

from dashboards import pages, ui
from dashboards.console import components
from dashboards.console.explore import editor, results
from dashboards.console.lake_data import TableState
from dashboards.console.table_parts import definition, stored
from dashboards.console.table_parts.definition import LAYERS
from dashboards.console.table_parts.stored import Version
from dashboards.text import age, esc, plural
from warehouse.tables import TABLES, Table

CHOSEN = "explore_table"
FIRST = "silver.interactions"


def show(dataset: str, states: Sequence[TableState]) -> None:
    """Show the tables that exist, and everything about the chosen one."""
    ui.heading("Tables", ":gray[click a name to insert it into the query]")
    for layer, meaning in LAYERS.items():
        names = [state.table.full_name for state in states if state.table.layer == layer]
        if names:
            with components.row(gap="small", wrap=True):
                st.caption(f"**{layer}** {meaning}", width="content")
                for name in names:
                    components.button(
                        esc(name), f"insert_{name}", "", _choose, name, type="tertiary"
                    )
    documented = {table.full_name: table for table in TABLES}
    if st.session_state.get(CHOSEN) not in documented:
        st.session_state[CHOSEN] = FIRST
    name = st.selectbox("About the table", list(documented), key=CHOSEN, width=320)
    _details(dataset, documented[name or FIRST], states)


def _choose(name: str) -> None:
    editor.insert(name)
    st.session_state[CHOSEN] = name


def _details(dataset: str, table: Table, states: Sequence[TableState]) -> None:
    st.markdown(table.doc)
    state = next((state for state in states if state.table == table), None)
    if state is None:
        st.caption("This table does not exist yet: the job that writes it has not run.")
        definition.show_columns(table)
        return
    st.caption(
        f"{plural('row', state.n_rows)} · version {state.version}, written "
        f"{age(state.written_at)} ago · one row per {esc(', '.join(table.key))}"
    )
    columns, sample, history, checks = st.tabs(["Columns", "Sample rows", "History", "Checks"])
    details = stored.details(dataset, table.full_name, state.version)
    with columns:
        definition.show_columns(table, details.definition)
    with sample:
        rows = stored.sample(dataset, table.full_name, state.version)
        alt = f"Some rows of {table.full_name}"
        st.dataframe(results.shown(rows), hide_index=True, alt=alt)
        st.caption("Arbitrary rows, in no particular order. User ids are personal data.")
    with history:
        _history(table, stored.history(dataset, table.full_name, state.version))
    with checks:
        definition.show_checks(table, details.definition)


def _history(table: Table, versions: Sequence[Version]) -> None:
    definition.show_versions(table, versions)
    if len(versions) > 1:
        st.caption(
            f'In a query, `"{table.full_name}@{versions[-1].number}"` is an older version. Old '
            "files are deleted after a week, unless a kept release was fitted on them."
        )
    st.page_link(
        pages.data(),
        label="Rows of each version",
        icon=":material/database:",
        query_params=pages.address() | {"table": table.full_name},
    )
