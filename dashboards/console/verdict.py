"""A verdict with its evidence: the criteria, the intervals and the figures."""

from collections.abc import Sequence

import altair as alt
import pandas as pd
import streamlit as st

from dashboards import ui
from dashboards.console import charts, components, evidence, roles, runs
from dashboards.console.badges import Badge
from dashboards.text import NO_VALUE, age, esc, with_code, with_minus
from serving.schemas import Comparison, Verdict

MAX_CHARTED = 4.5  # in median interval widths; larger leads are listed below the chart
REQUIRED_FOR = {  # by criterion; the others are needed by a challenger alone
    "Data quality": "Any release",
    "Valid result": "Any release",
    "Publishing enabled": "Any release",
    "New items win": "New items",
    "Champion beats popularity": "None",
    "Compared": "None",
}
_MET = {True: Badge("ok", "Yes"), False: Badge("error", "No"), None: Badge("idle", "Not used")}


def show_with_figures(verdict: Verdict, badge: Badge) -> None:
    """Show the last verdict with its evidence and every recipe's NDCG@10."""
    show(verdict, badge, "Last verdict")
    if compared := evidence.comparisons(verdict):
        components.table(
            [_figures(comparison) for comparison in compared],
            "Every recipe that was evaluated, with its NDCG@10 and the challenger's lead over it",
        )
    st.caption(f"Decided {age(verdict.decided_at)} ago in {runs.actor(verdict.retrain_id)}")


def show(verdict: Verdict, badge: Badge, title: str = "Verdict") -> None:
    """Show the decision and its reason, the criteria and the intervals."""
    ui.heading(title, badge.markdown)
    st.markdown(with_code(with_minus(verdict.reason)))
    left, right = st.columns(2, gap="medium")
    with left:
        _criteria(verdict)
    with right:
        _intervals(evidence.comparisons(verdict))


def leads(compared: Sequence[Comparison]) -> tuple[pd.DataFrame, list[Comparison]]:
    """Return a row per lead to draw, and the comparisons whose leads are too large for the chart.

    If all leads are too large, all are drawn.
    """
    with_interval = [comparison for comparison in compared if comparison.interval is not None]
    if not with_interval:
        return pd.DataFrame(), []
    rows = pd.DataFrame([_lead(comparison) for comparison in with_interval])
    widths = sorted(rows["high"] - rows["low"])
    fits = rows["difference"].abs() <= max(MAX_CHARTED * widths[len(widths) // 2], 1e-9)
    if not fits.any():
        return rows, []
    return rows[fits], [with_interval[n] for n in rows.index[~fits]]


def chart(rows: pd.DataFrame, colours: Sequence[str]) -> alt.LayerChart | alt.FacetChart:
    """Draw each lead as a point with its interval. `colours`: better, unclear, worse, zero."""
    pad = 0.14 * max(rows["high"].max() - rows["low"].min(), 1e-4)
    ends = [min(rows["low"].min(), 0) - pad, max(rows["high"].max(), 0) + pad]
    labels = alt.Axis(
        ticks=False, domain=False, labelLimit=170, labelFontSize=13, labelPadding=8, title=None
    )
    values = charts.axis(format="+.3f", tickCount=4)
    title = ["Challenger's lead in NDCG@10,", "95 % interval"]  # two lines: phones are narrow
    x = alt.X("low:Q", title=title, scale=alt.Scale(domain=ends, nice=False), axis=values)
    scale = alt.Scale(domain=["better", "unclear", "worse"], range=list(colours[:3]))
    colour = alt.Color("significance:N", scale=scale, legend=None)
    tooltip = [
        alt.Tooltip("recipe:N", title="Against"),
        alt.Tooltip("difference:Q", format="+.4f", title="Lead"),
        alt.Tooltip("low:Q", format="+.4f", title="From"),
        alt.Tooltip("high:Q", format="+.4f", title="To"),
    ]
    base = alt.Chart(rows).encode(y=alt.Y("over:N", sort=None, axis=labels), tooltip=tooltip)
    zero = alt.Chart(pd.DataFrame({"x": [0.0]})).encode(x="x:Q")
    return alt.layer(
        zero.mark_rule(strokeDash=[4, 3], strokeWidth=1.5, color=colours[3]),
        base.mark_rule(strokeWidth=3, strokeCap="round").encode(x=x, x2="high:Q", color=colour),
        base.mark_circle(size=120, opacity=1).encode(x="difference:Q", color=colour),
        base.mark_text(dy=-14, fontSize=12, fontWeight=600).encode(
            x="difference:Q", text="label:N", color=colour
        ),
    )


def _lead(comparison: Comparison) -> dict[str, object]:
    difference, low, high = comparison.interval or (0.0, 0.0, 0.0)
    significance = "better" if low > 0 else "worse" if high < 0 else "unclear"
    return {
        "recipe": comparison.recipe,
        "over": f"vs. {comparison.recipe}",
        "difference": difference,
        "low": low,
        "high": high,
        "significance": significance,
        "label": with_minus(f"{difference:+.3f} {significance}"),
    }


def _criteria(verdict: Verdict) -> None:
    if not verdict.criteria:
        st.caption("This verdict has no criteria.")
        return
    components.table(
        [
            {
                "Criterion": esc(criterion.criterion),
                "Met": _MET[criterion.passed].markdown,
                "Required for": REQUIRED_FOR.get(criterion.criterion, "Promotion"),
                "Detail": with_code(with_minus(criterion.detail)),
            }
            for criterion in verdict.criteria
        ],
        "The gate's criteria with what they are required for and their results",
    )
    st.caption(
        "The champion is the live recipe. Promotion: the challenger replaces it, or is the first "
        "release. Without promotion the live recipe is fitted again. New items: the model ranks "
        "items without events."
    )


def _intervals(compared: Sequence[Comparison]) -> None:
    rows, too_large = leads(compared)
    if rows.empty:
        st.caption("No comparison: the challenger, or every other recipe, has no valid result.")
        return
    colours = [ui.theme_colour(name) for name in ("green", "gray", "red", "gray")]
    alt_text = "; ".join(f"{row.label} {row.over}" for row in rows.itertuples())
    st.altair_chart(
        chart(rows, colours), height=90 + 62 * len(rows), alt=f"Challenger's lead: {alt_text}"
    )
    if too_large:
        texts = ", ".join(f"{row.difference:+.3f} vs. {esc(row.recipe)}" for row in too_large)
        st.caption(f"Too large for the chart: {with_minus(texts)}")


def _figures(comparison: Comparison) -> dict[str, str]:
    value, lead, interval = f"{comparison.value:.4f}", NO_VALUE, NO_VALUE
    if comparison.interval:
        lead = with_minus(f"{comparison.difference:+.4f}")
        interval = with_minus(f"{comparison.low:+.4f} to {comparison.high:+.4f}")
    return {
        "Recipe": esc(comparison.recipe),
        "Role": esc(roles.label(comparison.role)),
        "NDCG@10": f"**{value}**" if comparison.role == "challenger" else value,
        "Challenger's lead": lead,
        "95 % interval": interval,
        "Users": f"{comparison.n_users:,}",
    }
