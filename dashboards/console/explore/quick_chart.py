"""A chart of a result, chosen from its columns: lines over time, or bars."""

import re
from dataclasses import dataclass
from typing import Literal

import altair as alt
import pandas as pd
import pyarrow as pa
import streamlit as st

from dashboards import ui
from dashboards.console import charts

MAX_BARS, MAX_LINES, MAX_POINTS = 30, 6, 5_000
CHART_HEIGHT = 300  # pixels
_TIME = re.compile(r"(?:^|_)(?:year|month|week|day|hour|released|decade)$", re.IGNORECASE)
_VALUE = "explore_value"


@dataclass(frozen=True)
class Plan:
    """Which columns a chart shows. `heights`: those that bars or lines can have."""

    kind: Literal["line", "bar"]
    x: str
    heights: tuple[str, ...]
    series: str | None = None


def plan(rows: pa.Table) -> Plan | None:
    """Return the chart that fits a result; None if none does.

    Lines need a column of times, or of whole numbers with a name such as `year`, whose values do
    not repeat within a line. Bars need a column of text whose values do not repeat. If both are
    there, the first column of the two decides.
    """
    names = rows.schema.names
    if not 2 <= rows.num_rows <= MAX_POINTS or len(set(names)) < len(names):  # noqa: PLR2004
        return None
    times = [name for name in names if _is_time(rows.schema.field(name))]
    texts = [name for name in names if _is_text(rows.schema.field(name).type)]
    heights = tuple(name for name in names if name not in times and _is_number(rows, name))
    if not heights:
        return None
    labels = [name for name in texts if _are_unique(rows, [name])]
    if labels and (not times or names.index(labels[0]) < names.index(times[0])):
        return Plan("bar", labels[0], heights)
    several = [name for name in texts if 2 * _n_distinct(rows, [name]) <= rows.num_rows]
    for series in (None, *several):
        if times and _are_unique(rows, [times[0], *([series] if series else [])]):
            return Plan("line", times[0], heights, series)
    return Plan("bar", labels[0], heights) if labels else None


def show(rows: pa.Table) -> None:
    """Draw the chart that fits, with a choice of its value if there are several."""
    chosen = plan(rows)
    if chosen is None:
        return
    value = chosen.heights[0]
    if len(chosen.heights) > 1:
        if st.session_state.get(_VALUE) not in chosen.heights:
            st.session_state.pop(_VALUE, None)
        value = st.selectbox("Chart of", chosen.heights, key=_VALUE, width=220) or value
    frame, note = points(rows, chosen, value)
    st.altair_chart(_drawn(frame, chosen, value), width="stretch")
    st.caption(f"{value} by {chosen.x}".replace("_", r"\_") + note)


def points(rows: pa.Table, chosen: Plan, value: str) -> tuple[pd.DataFrame, str]:
    """Return the chart's points with the columns x, y and series; and which ones it leaves out."""
    columns = {"x": chosen.x, "y": value, "series": chosen.series or chosen.x}
    frame = pd.DataFrame({key: rows.column(name).to_pandas() for key, name in columns.items()})
    frame["y"] = pd.to_numeric(frame["y"])
    if chosen.kind == "bar" and len(frame) > MAX_BARS:
        return frame.head(MAX_BARS), f", the first {MAX_BARS} rows"
    if chosen.series is not None:
        frame["series"] = frame["series"].fillna("none")
        sizes = frame.groupby("series")["y"].sum().sort_values(ascending=False)
        largest = list(sizes.index[:MAX_LINES])
        note = f", the {MAX_LINES} largest of {len(sizes)}" if len(sizes) > MAX_LINES else ""
        return frame[frame["series"].isin(largest)], note
    return frame, ""


def _drawn(frame: pd.DataFrame, chosen: Plan, value: str) -> alt.Chart:
    y = alt.Y("y:Q", title=value, axis=charts.axis(tickCount=5))
    tooltip = [alt.Tooltip("y:Q", title=value)]
    if chosen.kind == "bar":
        mark = alt.Chart(frame).mark_bar(cornerRadiusEnd=3)
        x = alt.X("x:N", sort=None, title=None, axis=charts.axis(labelLimit=140, labelAngle=-40))
        tooltip.insert(0, alt.Tooltip("x:N", title=chosen.x))
    else:
        is_number = pd.api.types.is_numeric_dtype(frame["x"])
        kind, axis = ("Q", charts.axis(format="d")) if is_number else ("T", charts.axis())
        mark = alt.Chart(frame).mark_line(point=len(frame) <= MAX_BARS * MAX_LINES)
        x = alt.X(f"x:{kind}", title=chosen.x, axis=axis, scale=alt.Scale(zero=False))
        tooltip.insert(0, alt.Tooltip(f"x:{kind}", title=chosen.x))
    colour: alt.Color | alt.ColorValue = alt.ColorValue(ui.theme_colour("primary"))
    if chosen.series is not None:
        colour = alt.Color("series:N", legend=charts.LEGEND)
        tooltip.append(alt.Tooltip("series:N", title=chosen.series))
    chart: alt.Chart = mark.properties(height=CHART_HEIGHT)
    return chart.encode(x=x, y=y, color=colour, tooltip=tooltip)


def _is_time(field: pa.Field) -> bool:
    if pa.types.is_timestamp(field.type) or pa.types.is_date(field.type):
        return True
    return bool(pa.types.is_integer(field.type) and _TIME.search(field.name))


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _is_number(rows: pa.Table, name: str) -> bool:
    kind = rows.schema.field(name).type
    is_number = pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
    return bool(is_number) and bool(rows.column(name).null_count < rows.num_rows)


def _are_unique(rows: pa.Table, names: list[str]) -> bool:
    return bool(_n_distinct(rows, names) == rows.num_rows)


def _n_distinct(rows: pa.Table, names: list[str]) -> int:
    return int(rows.select(names).group_by(names).aggregate([]).num_rows)
