"""Why an item is on somebody's list, or why not: in words, and as bars that add up to the score."""

from collections.abc import Sequence

import altair as alt
import pandas as pd
import streamlit as st

from dashboards import ui
from dashboards.text import esc, figure
from serving.schemas import About, Explanation, ScoreTerm

SHOWN = 6  # bars; the others are told together
_BAR = 30  # pixels
_ICONS = {
    "listed": ":material/recommend:",
    "below": ":material/south:",
    "rated": ":material/star:",
    "hidden": ":material/visibility_off:",
    "ruled_out": ":material/block:",
    "cold": ":material/fiber_new:",
}


def show(told: Explanation, who: str, about: About) -> None:
    """Show where the item stands for a person, then what speaks for it and against it."""
    icon = _ICONS.get(told.status, ":material/help:")
    st.markdown(f"{icon} {esc(told.text[:1].upper() + told.text[1:])}")
    if not told.terms:
        return
    st.subheader("Why this", anchor=False)
    st.caption(in_a_sentence(told.terms, about))
    strongest = sorted(told.terms, key=lambda term: -abs(term.value))
    bars = _bars(strongest[:SHOWN], about)
    st.altair_chart(
        _chart(bars), height=44 + _BAR * len(bars), alt=f"What the score for {who} is made of"
    )
    if rest := strongest[SHOWN:]:
        total = sum(term.value for term in rest)
        st.caption(
            f"And {len(rest)} smaller parts, together {total:+.2f}. All add up to the score."
        )


def in_a_sentence(terms: tuple[ScoreTerm, ...], about: About) -> str:
    """Return the strongest parts for and against, as Markdown."""
    up = max(terms, key=lambda term: term.value)
    down = min(terms, key=lambda term: term.value)
    said = [f"Mostly because {_because(up, about)}." if up.value > 0 else "Nothing speaks for it."]
    if down.value < 0:
        said.append(f"Against it speaks that {_because(down, about)}.")
    return " ".join(said)


def _because(term: ScoreTerm, about: About) -> str:
    if term.kind == "rating" and term.rating is not None:
        given = f"{figure(term.rating)} of {figure(about.highest)}"
        return f"you gave **{esc(term.title or '')}** {given}"
    return f"it is **{esc(term.title or term.kind)}**"


def _bars(terms: Sequence[ScoreTerm], about: About) -> pd.DataFrame:
    rows = [
        {"what": term.title or term.kind, "yours": _yours(term, about), "part": term.value}
        for term in terms
    ]
    return pd.DataFrame(rows)


def _yours(term: ScoreTerm, about: About) -> str:
    return "" if term.rating is None else f"{figure(term.rating)} of {figure(about.highest)}"


def _chart(bars: pd.DataFrame) -> alt.LayerChart:
    low, high = bars["part"].min(), bars["part"].max()
    wide = alt.Scale(domain=[min(low * 1.3, 0), max(high * 1.25, 1e-6)], nice=False)
    axis = alt.Axis(labelLimit=170, labelFontSize=13, ticks=False, domain=False)
    base = alt.Chart(bars).encode(y=alt.Y("what:N", sort=None, title=None, axis=axis))
    drawn = base.mark_bar(height=16, cornerRadius=3).encode(
        x=alt.X("part:Q", scale=wide, title="Part of the score", axis=alt.Axis(tickCount=4)),
        color=alt.condition(
            "datum.part > 0",
            alt.value(ui.theme_colour("primary")),
            alt.value(ui.theme_colour("gray")),
        ),
        tooltip=["what:N", alt.Tooltip("yours:N", title="Your rating"), alt.Tooltip("part:Q")],
    )
    words = base.mark_text(align="left", dx=6, fontSize=12, color=ui.theme_colour("gray")).encode(
        x=alt.X("end:Q"), text="yours:N"
    )
    return alt.LayerChart(
        layer=[drawn, words.transform_calculate(end="max(datum.part, 0)")], data=bars
    )
