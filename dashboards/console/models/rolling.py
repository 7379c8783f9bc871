"""The recipes' NDCG@10 on the rolling windows, because a single window is too noisy."""

from collections.abc import Sequence

import altair as alt
import pandas as pd
import streamlit as st

from dashboards import ui
from dashboards.console import charts, components, roles
from dashboards.console.retrain_parts.search import window_name
from dashboards.console.retrain_rows import Figure
from dashboards.text import esc
from warehouse.tables.vocabulary import GATE, HEADLINE, NEW_ITEMS, WARM


def show(metrics: Sequence[Figure]) -> None:
    """Show each recipe's NDCG@10 by window, and its mean over the rolling windows."""
    ui.heading("Rolling windows")
    rows = windows(metrics)
    if not rows["earlier"].any():
        st.caption(
            "Not used in this retrain. Rolling windows are evaluated only if the challenger leads "
            "the live recipe on the gate's window, with enough users."
        )
        return
    axis = alt.Axis(labelAngle=0, grid=False)
    x = alt.X("window:N", sort=list(rows["window"].unique()), title=None, axis=axis)
    tooltip = [alt.Tooltip("line:N", title="Recipe"), alt.Tooltip("window:N", title="Window")]
    st.altair_chart(
        charts.role_lines(rows, x, tooltip),
        height=240,
        alt="NDCG@10 of recipes that may be released, on the rolling windows and the gate's window",
    )
    earlier = rows[rows["earlier"]]
    means = earlier.groupby(["line", "role"], sort=False)["value"].mean().reset_index()
    table = [
        {"Recipe": esc(recipe), "Role": esc(role), "Mean NDCG@10": f"{value:.4f}"}
        for recipe, role, value in means.sort_values("value", ascending=False).to_numpy()
    ]
    components.table(table, "Each recipe's mean over the rolling windows")
    st.caption(
        "A challenger is promoted only if its mean is also higher than the live recipe's and, "
        "unless it ranks by popularity itself, than that of every popularity recipe."
    )


def windows(metrics: Sequence[Figure]) -> pd.DataFrame:
    """Return NDCG@10 of known users by recipe and window, with the gate's window last."""
    rows = [
        {
            "line": figure.recipe,
            "role": roles.LABELS[figure.role],
            "window": "Gate" if figure.window == GATE else window_name(figure.window),
            "order": figure.window,
            "earlier": figure.window != GATE,
            "value": figure.value,
        }
        for figure in metrics
        if (figure.metric, figure.slice) == (HEADLINE, WARM)
        and figure.role in roles.CHARTED
        and figure.window != NEW_ITEMS
    ]
    frame = pd.DataFrame(rows, columns=["line", "role", "window", "order", "earlier", "value"])
    return frame.sort_values(["earlier", "order"], ascending=[False, True])
