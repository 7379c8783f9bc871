"""How the recipes did on earlier windows: one window lies, so all of them are shown."""

from collections.abc import Sequence

import altair as alt
import pandas as pd
import streamlit as st

from dashboards import ui
from dashboards.console import pieces
from dashboards.console.models.history import LEGEND
from dashboards.console.models.search import window_name
from dashboards.console.retrains import Figure
from dashboards.console.verdict import ROLES
from dashboards.text import esc
from warehouse.tables.vocabulary import GATE, HEADLINE, WARM

COLOURS = {"challenger": "violet", "champion": "blue", "popularity": "orange"}


def show(metrics: Sequence[Figure]) -> None:
    """Show the headline figure of each recipe, window by window, and the means."""
    ui.heading("Rolling windows")
    rows = windows(metrics)
    if not rows["earlier"].any():
        st.caption(
            "Not looked at: the rolling windows have a say only where a challenger is ahead of a "
            "live recipe that is another one."
        )
        return
    colours = {role: ui.theme_colour(name) for role, name in COLOURS.items()}
    st.altair_chart(
        chart(rows, colours), height=240, alt="NDCG@10 of each recipe on each rolling window"
    )
    earlier = rows[rows["earlier"]]
    means = earlier.groupby(["recipe", "role"], sort=False)["value"].mean().reset_index()
    pieces.table(
        [
            {
                "Recipe": esc(str(row.recipe)),
                "Stands as": esc(str(row.role)),
                "Mean NDCG@10": f"{row.value:.4f}",
            }
            for row in means.sort_values("value", ascending=False).itertuples()
        ],
        "Each recipe's mean over the rolling windows",
    )
    st.caption("To be promoted a challenger has to be ahead in this mean too, not only once.")


def windows(metrics: Sequence[Figure]) -> pd.DataFrame:
    """Return one row per recipe and window: the headline of the known people."""
    rows = [
        {
            "recipe": each.recipe,
            "role": ROLES[each.role].capitalize(),
            "window": "Gate" if each.window == GATE else window_name(each.window),
            "order": each.window,
            "earlier": each.window != GATE,
            "value": each.value,
        }
        for each in metrics
        if (each.metric, each.slice) == (HEADLINE, WARM) and each.role in COLOURS
    ]
    columns = ["recipe", "role", "window", "order", "earlier", "value"]
    found = pd.DataFrame(rows, columns=columns)
    return found.sort_values(["earlier", "order"], ascending=[False, True])


def chart(rows: pd.DataFrame, colours: dict[str, str]) -> alt.LayerChart | alt.FacetChart:
    """Return a line per recipe over the windows, oldest first, the gate's last."""
    scale = alt.Scale(
        domain=[ROLES[role].capitalize() for role in colours],
        range=[colours[role] for role in colours],
    )
    base = alt.Chart(rows).encode(
        x=alt.X(
            "window:N",
            sort=list(dict.fromkeys(rows["window"])),
            title=None,
            axis=alt.Axis(labelAngle=0, grid=False),
        ),
        y=alt.Y(
            "value:Q",
            title="NDCG@10",
            scale=alt.Scale(zero=False, padding=12),
            axis=alt.Axis(format=".3f", tickCount=4, titleFontWeight="normal"),
        ),
        color=alt.Color("role:N", scale=scale, legend=LEGEND),
        detail="recipe:N",
        tooltip=[
            alt.Tooltip("recipe:N", title="Recipe"),
            alt.Tooltip("window:N", title="Window"),
            alt.Tooltip("value:Q", title="NDCG@10", format=".4f"),
        ],
    )
    return alt.layer(base.mark_line(strokeWidth=2), base.mark_circle(size=70, opacity=1))
