"""The lake in one line, with a link to the page about it."""

from collections.abc import Sequence

import streamlit as st

from dashboards import pages, ui
from dashboards.console.lake_data import TableState
from dashboards.console.table_parts.freshness import newer_than_live
from dashboards.text import bytes_text, esc, plural


def show(tables: Sequence[TableState]) -> None:
    """Show the size of the lake, and which tables are newer than the live release."""
    with ui.spread_row():
        st.markdown(f"**Data** · {sentence(tables)}", width="content")
        st.page_link(
            pages.data(), label="Data", icon=":material/database:", query_params=pages.address()
        )


def sentence(tables: Sequence[TableState]) -> str:
    """Return tables, rows and size of the lake as Markdown, and what is newer than live."""
    if not tables:
        return "No data yet. Start an ingest on the page Data."
    n_rows = sum(state.n_rows for state in tables)
    size = bytes_text(sum(state.stored.n_bytes for state in tables))
    newer = newer_than_live(tables)
    text = f"{plural('table', len(tables))}, {plural('row', n_rows)}, {size}"
    return f"{text}. Newer than the live release: {esc(', '.join(newer))}" if newer else text
