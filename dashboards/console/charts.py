"""Shared elements of the console's charts: the legend, axes, and lines of recipes by role."""

from collections.abc import Sequence
from typing import Any

import altair as alt
import pandas as pd

from dashboards import ui
from dashboards.console import roles

LEGEND = alt.Legend(orient="top", title=None, symbolSize=60, columnPadding=8, labelOffset=2)


def axis(**options: Any) -> alt.Axis:
    """Return an axis whose title is not bold."""
    return alt.Axis(titleFontWeight="normal", titlePadding=6, **options)


def role_lines(
    rows: pd.DataFrame, x: alt.X, tooltip: Sequence[alt.Tooltip]
) -> alt.LayerChart | alt.FacetChart:
    """Return NDCG@10 as a line per recipe and role. Columns: x, value, role, line."""
    drawn = [role for role in roles.CHARTED if roles.LABELS[role] in set(rows["role"])]
    colours = [ui.theme_colour(roles.COLOURS[role]) for role in drawn]
    scale = alt.Scale(domain=[roles.LABELS[role] for role in drawn], range=colours)
    base = alt.Chart(rows).encode(
        x=x,
        y=alt.Y(
            "value:Q",
            title="NDCG@10",
            scale=alt.Scale(zero=False, padding=12),
            axis=axis(format=".3f", tickCount=4),
        ),
        color=alt.Color("role:N", scale=scale, legend=LEGEND),
        detail="line:N",
        tooltip=[*tooltip, alt.Tooltip("value:Q", title="NDCG@10", format=".4f")],
    )
    return alt.layer(base.mark_line(strokeWidth=2), base.mark_circle(size=60, opacity=1))
