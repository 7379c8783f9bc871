"""The effect of the previewed rules on quality, lists, and exposure by category and vendor."""

from collections.abc import Sequence
from typing import Literal

import altair as alt
import pandas as pd
import streamlit as st

from dashboards import ui
from dashboards.console.charts import LEGEND
from dashboards.console.components import metric
from dashboards.console.evidence import interval_colour
from dashboards.text import article, esc, plural, with_minus
from serving.schemas import Exposure, RulesPreview

ROW_PIXELS, MARGIN_PIXELS = 32, 110  # height of a row of the chart; of its axis and legend
SERIES = ("Active rules", "Previewed rules")
MAX_ROWS = 12
FIGURES = {
    "recall": ("Recall@10", "Share of a user's relevant items in the first ten ranks"),
    "coverage": ("Coverage", "Share of all items that are in at least one list"),
    "gini": ("Exposure (Gini)", "0: all items are shown equally often; 1: one item only"),
    "diversity": ("Diversity", "How different the categories of two items of a list are"),
}


def show(preview: RulesPreview | None, noun: str) -> None:
    """Show the preview; None means that no retrain has stored lists for one yet."""
    ui.heading("Preview")
    if preview is None:
        st.info(
            "No preview available: no retrain has stored lists to apply rules to yet. You can "
            "activate these rules without a preview.",
            icon=":material/experiment:",
        )
        return
    if preview.n_allowed == 0:
        st.warning(
            "These rules allow no item: all lists would be empty. Check the filter, and what is "
            "hidden or unavailable.",
            icon=":material/warning:",
        )
    st.markdown(conclusion(preview))
    with st.grid(3, min_column_width=140):
        _headline(preview)
        share, total = f"{preview.changed_share:.0%}", f"of {preview.n_users:,}"
        meaning = "At least one of the first ten items is different or has another rank"
        metric("Users with a changed list", share, total, help=meaning)
        for name, (label, meaning) in FIGURES.items():
            before, after = getattr(preview.before, name), getattr(preview.after, name)
            change = f"{after - before:+.3f}" if round(after - before, 3) else "0.000"
            was = f"was {before:.3f}"
            metric(label, f"{after:.3f}", change, delta_description=was, help=meaning)
    st.caption(
        f"Based on {plural('user', preview.n_users)} of the last retrain's evaluation, with lists "
        f"by {esc(preview.recipe)} and the users' later choices. Without any rules: "
        f"{_figures(preview)}.{_allowed(preview, noun)}"
    )
    _exposure(preview.exposure, noun)


def _allowed(preview: RulesPreview, noun: str) -> str:
    if preview.n_allowed is None:
        return ""
    return f" The rules allow {plural(noun, preview.n_allowed)} on lists."


def conclusion(preview: RulesPreview) -> str:
    """Return a sentence about the change in quality, as Markdown."""
    if not preview.changed_share:
        return ":gray[:material/drag_handle:] **No user's first ten items change.**"
    change = with_minus(
        f"NDCG@10 changes by {preview.ndcg_change:+.4f} "
        f"(95 % interval {preview.low:+.4f} to {preview.high:+.4f})."
    )
    match interval_colour((preview.ndcg_change, preview.low, preview.high)):
        case "green":
            return f":green[:material/trending_up:] **Lists become more relevant.** {change}"
        case "red":
            return f":red[:material/trending_down:] **Lists become less relevant.** {change}"
    return f":gray[:material/trending_flat:] **No significant change in relevance.** {change}"


def exposure(exposures: Sequence[Exposure], kind: Literal["category", "vendor"]) -> pd.DataFrame:
    """Return two rows per name: with the active and with the previewed rules. Order is kept."""
    rows = [
        {"name": row.name, "series": series, "share": share, "from": row.before, "to": row.after}
        for row in [row for row in exposures if row.kind == kind][:MAX_ROWS]
        for series, share in zip(SERIES, (row.before, row.after), strict=True)
    ]
    return pd.DataFrame(rows, columns=["name", "series", "share", "from", "to"])


def chart(rows: pd.DataFrame, colours: Sequence[str]) -> alt.LayerChart | alt.FacetChart:
    """Draw a line per name from its share with the active rules to that with the previewed ones."""
    axis = alt.Axis(labelLimit=150, grid=False, ticks=False, domain=False)
    y = alt.Y("name:N", sort=list(rows["name"].unique()), title=None, axis=axis)
    scale = alt.Scale(domain=list(SERIES), range=list(colours))
    tooltip = [
        alt.Tooltip("name:N", title="Name"),
        alt.Tooltip("from:Q", title=SERIES[0], format=".1%"),
        alt.Tooltip("to:Q", title=SERIES[1], format=".1%"),
    ]
    x = alt.X("share:Q", title=None, axis=alt.Axis(format=".0%", tickCount=4))
    colour = alt.Color("series:N", scale=scale, legend=LEGEND)
    lines = alt.Chart(rows[rows["series"] == SERIES[0]]).encode(
        x=alt.X("from:Q", title=None), x2="to:Q", y=y, tooltip=tooltip
    )
    points = alt.Chart(rows).encode(x=x, y=y, color=colour, tooltip=tooltip)
    return alt.layer(
        lines.mark_rule(color=colours[1], strokeWidth=3, opacity=0.4),
        points.mark_circle(size=90, opacity=1),
    )


def _exposure(exposures: Sequence[Exposure], noun: str) -> None:
    kinds: tuple[Literal["category", "vendor"], ...] = ("category", "vendor")
    frames = [(kind, rows) for kind in kinds if len(rows := exposure(exposures, kind))]
    if not frames:
        return
    colours = [ui.theme_colour("gray"), ui.theme_colour("violet")]
    for column, (kind, rows) in zip(st.columns(len(frames), gap="large"), frames, strict=True):
        with column:
            st.markdown(f"**Exposure by {kind}**")
            st.altair_chart(
                chart(rows, colours),
                height=ROW_PIXELS * (len(rows) // 2) + MARGIN_PIXELS,
                alt=f"Share of ranks by {kind}, with the active and with the previewed rules",
            )
    st.caption(
        "Share of all users' first ten ranks, largest changes first. "
        f"{article(noun).capitalize()} with two categories counts in both."
    )


def _headline(preview: RulesPreview) -> None:
    interval = (preview.ndcg_change, preview.low, preview.high)
    metric(
        "NDCG@10",
        f"{preview.after.ndcg:.4f}",
        f"{preview.ndcg_change:+.4f}",
        colour=interval_colour(interval),
        delta_description=f"± {(preview.high - preview.low) / 2:.4f} (95 %)",
        help="Agreement of the first ten ranks with the users' later choices; higher ranks count "
        f"more. With the active rules it is {preview.before.ndcg:.4f}",
    )


def _figures(preview: RulesPreview) -> str:
    without = preview.without
    texts = [f"{label} {getattr(without, name):.3f}" for name, (label, _) in FIGURES.items()]
    return ", ".join([f"NDCG@10 {without.ndcg:.4f}", *texts])
