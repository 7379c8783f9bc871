"""The last verdict: the gate's criteria, the figures, and how sure the differences are."""

from collections.abc import Sequence

import altair as alt
import pandas as pd
import streamlit as st

from dashboards import ui
from dashboards.console import evidence, pieces
from dashboards.text import NO_VALUE, age, esc
from serving.schemas import Comparison, Verdict

FAR = 4.5  # median widths of an interval: what lies farther off is told, not drawn
ROLES = {"challenger": "challenger", "champion": "live recipe", "popularity": "popularity",
         "baseline": "baseline"}  # fmt: skip


def show(verdict: Verdict) -> None:
    """Show the last verdict with all of its evidence."""
    judgement(verdict, "Last verdict")
    found = evidence.comparisons(verdict)
    if found:
        _figures(found)
    st.caption(f"Decided {age(verdict.decided_at)} ago by {esc(verdict.retrain_id)}")


def judgement(verdict: Verdict, title: str = "Verdict") -> None:
    """Show what was decided and why: the sentence, the criteria, the intervals."""
    ui.heading(title, pieces.badge(*evidence.WORDS[verdict.verdict]))
    st.markdown(esc(verdict.reason))
    left, right = st.columns([1, 1], gap="medium")
    with left:
        _criteria(verdict)
    with right:
        _intervals(evidence.comparisons(verdict))


def leads(found: Sequence[Comparison]) -> tuple[pd.DataFrame, list[Comparison]]:
    """Return the leads to draw, one row each, and those too far off for the same scale."""
    known = [(each, each.interval) for each in found]
    rows = [(each, interval) for each, interval in known if interval is not None]
    if not rows:
        return pd.DataFrame(), []
    widths = sorted(high - low for _, (_, low, high) in rows)
    reach = max(FAR * widths[len(widths) // 2], 1e-9)
    near = [(each, it) for each, it in rows if abs(it[0]) <= reach] or rows
    far = [each for each, it in rows if (each, it) not in near]
    return pd.DataFrame([_lead(each, *it) for each, it in near]), far


def chart(rows: pd.DataFrame, colours: Sequence[str]) -> alt.LayerChart | alt.FacetChart:
    """Return each lead as a point with its interval. `colours`: better, unclear, worse, zero."""
    pad = 0.14 * max(rows["high"].max() - rows["low"].min(), 1e-4)
    ends = [min(rows["low"].min(), 0) - pad, max(rows["high"].max(), 0) + pad]
    labels = alt.Axis(
        ticks=False, domain=False, labelLimit=170, labelFontSize=13, labelPadding=8, title=None
    )
    values = alt.Axis(format="+.3f", tickCount=4, titleFontWeight="normal", titlePadding=8)
    words = ["Challenger's lead in NDCG@10,", "95 % interval"]  # two lines: phones are narrow
    x = alt.X("low:Q", title=words, scale=alt.Scale(domain=ends, nice=False), axis=values)
    sure = alt.Scale(domain=["better", "unclear", "worse"], range=list(colours[:3]))
    colour = alt.Color("sure:N", scale=sure, legend=None)
    tip = [
        alt.Tooltip("recipe:N", title="Against"),
        alt.Tooltip("difference:Q", format="+.4f", title="Lead"),
        alt.Tooltip("low:Q", format="+.4f", title="From"),
        alt.Tooltip("high:Q", format="+.4f", title="To"),
    ]
    base = alt.Chart(rows).encode(y=alt.Y("over:N", sort=None, axis=labels), tooltip=tip)
    zero = alt.Chart(pd.DataFrame({"x": [0.0]})).mark_rule(
        strokeDash=[4, 3], strokeWidth=1.5, color=colours[3]
    )
    return alt.layer(
        zero.encode(x="x:Q"),
        base.mark_rule(strokeWidth=3, strokeCap="round").encode(x=x, x2="high:Q", color=colour),
        base.mark_circle(size=120, opacity=1).encode(x="difference:Q", color=colour),
        base.mark_text(dy=-14, fontSize=12, fontWeight=600).encode(
            x="difference:Q", text="label:N", color=colour
        ),
    )


def _lead(each: Comparison, difference: float, low: float, high: float) -> dict[str, object]:
    sure = "better" if low > 0 else "worse" if high < 0 else "unclear"
    return {
        "recipe": each.recipe,
        "over": f"over {each.recipe}",
        "difference": difference,
        "low": low,
        "high": high,
        "sure": sure,
        "label": f"{difference:+.3f} {sure}",
    }


def _criteria(verdict: Verdict) -> None:
    if not verdict.criteria:
        st.caption("The gate recorded no criteria.")
        return
    answer = {True: ("ok", "Yes"), False: ("bad", "No"), None: ("idle", "Does not apply")}
    pieces.table(
        [
            {
                "Question": esc(each.criterion),
                "Answer": pieces.badge(*answer[each.passed]),  # type: ignore[arg-type] # a tone
                "Why": esc(each.detail),
            }
            for each in verdict.criteria
        ],
        "The gate's criteria",
    )


def _intervals(found: Sequence[Comparison]) -> None:
    rows, far = leads(found)
    if rows.empty:
        st.caption("Nothing was compared: there was one recipe only, or too few people.")
        return
    colours = [ui.theme_colour(name) for name in ("green", "gray", "red", "gray")]
    words = "; ".join(f"{row.label} {row.over}" for row in rows.itertuples())
    st.altair_chart(
        chart(rows, colours), height=90 + 62 * len(rows), alt=f"Challenger's lead: {words}"
    )
    if far:
        said = ", ".join(f"{esc(each.recipe)} by {each.difference:+.3f}" for each in far)
        st.caption(f"Too far off to draw: {said}")


def _figures(found: Sequence[Comparison]) -> None:
    pieces.table(
        [
            {
                "Recipe": esc(each.recipe),
                "Stands as": ROLES.get(each.role, esc(each.role)),
                "NDCG@10": f"**{each.value:.4f}**"
                if each.role == "challenger"
                else f"{each.value:.4f}",
                "Challenger's lead": f"{each.difference:+.4f}"
                if each.difference is not None
                else NO_VALUE,
                "95 % interval": f"{each.low:+.4f} to {each.high:+.4f}"
                if each.interval
                else NO_VALUE,
                "People": f"{each.n_users:,}",
            }
            for each in found
        ],
        "Every recipe that was judged, with the headline figure",
    )
