"""The outcome of a query: its rows as a table, a chart and files, or why there are none."""

from collections import Counter
from datetime import UTC, datetime
from functools import partial

import pyarrow as pa
import streamlit as st

from dashboards import ui
from dashboards.console.explore import editor, outcome, quick_chart
from dashboards.console.explore.outcome import Outcome
from dashboards.text import capitalised, esc, plural
from warehouse.errors import QueryRefusedError
from warehouse.sql import formats

PARQUET_TYPE = "application/vnd.apache.parquet"
UNSHOWN = "not shown: cast the column to text"  # in place of a value that Python does not have


def show(dataset: str) -> None:
    """Show the outcome of the last query, if there is one."""
    if outcome.was_stopped():
        st.info("The query was stopped.", icon=":material/stop_circle:")
        return
    last = outcome.last(dataset)
    if last is None:
        return
    if last.result is None:
        _refusal(last.reason)
        return
    rows = last.result.table
    count = plural("row", rows.num_rows)
    ui.heading("Result", f":gray[{count} · {last.result.seconds:.1f} s]")
    if last.sql != editor.text():
        st.caption("The query has been edited since: press Run for its result.")
    if last.result.is_cut:
        st.caption(
            f"These are the first {rows.num_rows:,} rows: there are more. Aggregate them, or get "
            "all with `lantern query`."
        )
    if not rows.num_rows:
        st.caption("No row matches.")
        return
    quick_chart.show(rows)
    st.dataframe(
        shown(rows), hide_index=True, lazy=False, alt=f"Result of the query, {count}"
    )  # in one piece: its number of rows is bounded
    _downloads(last, rows)


def shown(rows: pa.Table) -> pa.Table:
    """Return the rows as the browser shows them: columns of maps and rarer types as text."""
    columns = [column if _is_shown(column.type) else _as_text(column) for column in rows.columns]
    n_columns = Counter(rows.schema.names)
    names = [name if n_columns[name] == 1 else f"{name} ({position})"
             for position, name in enumerate(rows.schema.names, 1)]  # fmt: skip
    return pa.Table.from_arrays(columns, names)


def _is_shown(kind: pa.DataType) -> bool:
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return not pa.types.is_nested(kind.value_type) and _is_shown(kind.value_type)
    tests = (
        pa.types.is_integer, pa.types.is_floating, pa.types.is_boolean, pa.types.is_string,
        pa.types.is_large_string, pa.types.is_timestamp, pa.types.is_date,
    )  # fmt: skip
    return any(test(kind) for test in tests)


def _as_text(column: pa.ChunkedArray) -> pa.Array:
    return pa.array(map(_text, column), pa.string())


def _text(scalar: pa.Scalar) -> str | None:
    try:
        value = scalar.as_py(maps_as_pydicts="lossy")
    except (OverflowError, ValueError):  # such as the year 294247: Python's end with 9999
        return UNSHOWN
    return None if value is None else formats.text(value)


def _refusal(reason: str) -> None:
    sentence, _, place = reason.partition("\n")
    st.error(esc(capitalised(sentence)), icon=":material/error:")
    if place.strip():
        st.code(place.strip("\n"), language=None)


def _downloads(last: Outcome, rows: pa.Table) -> None:
    name = f"{last.dataset}-{datetime.now(UTC):%Y%m%d-%H%M}"
    with st.container(horizontal=True, vertical_alignment="center"):
        st.download_button(
            "CSV", partial(formats.table_bytes, rows, "csv", escape_formulas=True),
            file_name=f"{name}.csv", mime="text/csv", key="explore_csv",
            icon=":material/download:", on_click="ignore",
        )  # fmt: skip
        st.download_button(
            "Parquet", partial(_parquet, rows), file_name=f"{name}.parquet", mime=PARQUET_TYPE,
            key="explore_parquet", icon=":material/download:", on_click="ignore",
        )  # fmt: skip
        st.caption(
            "In the CSV file an apostrophe precedes text that a spreadsheet would run as a formula."
        )


def _parquet(rows: pa.Table) -> bytes:
    """Return a Parquet file; columns for which Parquet has no type are text."""
    try:
        return formats.table_bytes(rows, "parquet")
    except QueryRefusedError:
        return formats.table_bytes(shown(rows), "parquet")
