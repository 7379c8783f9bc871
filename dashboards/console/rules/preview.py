"""What rules would change, drawn: the verdict in words, the figures, who gets which places."""

from collections.abc import Sequence
from typing import Literal

import altair as alt
import pandas as pd
import streamlit as st

from dashboards import ui
from dashboards.console.figures import sure
from dashboards.console.models.history import LEGEND
from dashboards.text import article, esc, plural
from serving.schemas import Exposure, RulesPreview

ROW, AROUND = 32, 110  # pixels of one name in the chart, and of its axis and legend
WORDS = ("Now", "With these rules")
MOST_NAMED = 12
FIGURES = {
    "recall": ("Recall@10", "Share of what people came to like that is among their ten"),
    "coverage": ("Coverage", "Share of all items that are in at least one list"),
    "gini": ("Exposure (Gini)", "0: every item is shown as often as any other; 1: only one is"),
    "diversity": ("Diversity", "How little the categories of two items of a list are alike"),
}


def show(found: RulesPreview | None, noun: str) -> None:
    """Show what the preview says, or that there is nothing yet to try rules on."""
    ui.heading("What it would change")
    if found is None:
        st.info(
            "Nobody can tell yet: no retrain has left lists to try rules on. The next one does. "
            "These rules can hold all the same, untried.",
            icon=":material/experiment:",
        )
        return
    st.markdown(verdict(found))
    with st.grid(3, min_column_width=140):
        _headline(found)
        _changed(found)
        for name, (label, meaning) in FIGURES.items():
            before, after = getattr(found.before, name), getattr(found.after, name)
            _metric(label, before, after, meaning)
    st.caption(
        f"Tried on {plural('person', found.n_users)} of the last retrain's window, with the lists "
        f"that {esc(found.recipe)} made there; their own later ratings are the judge. Without any "
        f"rules: {_figures(found)}."
    )
    _exposure(found.exposure, noun)


def verdict(found: RulesPreview) -> str:
    """Return in a sentence whether people would be served better or worse, as Markdown."""
    if not found.changed_share:
        return ":gray[:material/drag_handle:] **Nobody's list of ten changes.**"
    words = (
        f"NDCG@10 changes by {found.ndcg_change:+.4f}; "
        f"the 95 % interval is {found.low:+.4f} to {found.high:+.4f}."
    )
    match sure((found.ndcg_change, found.low, found.high)):
        case "green":
            return f":green[:material/trending_up:] **People find more of what they like.** {words}"
        case "red":
            return f":red[:material/trending_down:] **People find less of what they like.** {words}"
    return (
        ":gray[:material/trending_flat:] **No difference that can be told from chance** in what "
        f"people find. {words}"
    )


def exposure(found: Sequence[Exposure], kind: Literal["category", "vendor"]) -> pd.DataFrame:
    """Return two rows per name, now and with the rules, most changed first."""
    mine = [each for each in found if each.kind == kind][:MOST_NAMED]
    rows = [
        {"name": each.name, "when": when, "share": share, "now": each.before, "then": each.after}
        for each in mine
        for when, share in zip(WORDS, (each.before, each.after), strict=True)
    ]
    return pd.DataFrame(rows, columns=["name", "when", "share", "now", "then"])


def chart(rows: pd.DataFrame, colours: Sequence[str]) -> alt.LayerChart | alt.FacetChart:
    """Return a line per name from its share now to its share with the rules."""
    names = list(dict.fromkeys(rows["name"]))
    y = alt.Y(
        "name:N",
        sort=names,
        title=None,
        axis=alt.Axis(labelLimit=150, grid=False, ticks=False, domain=False),
    )
    scale = alt.Scale(domain=list(WORDS), range=list(colours))
    tooltip = [
        alt.Tooltip("name:N", title="Name"),
        alt.Tooltip("now:Q", title=WORDS[0], format=".1%"),
        alt.Tooltip("then:Q", title=WORDS[1], format=".1%"),
    ]
    x = alt.X("share:Q", title=None, axis=alt.Axis(format=".0%", tickCount=4))
    lines = alt.Chart(rows[rows["when"] == WORDS[0]]).mark_rule(
        color=colours[1], strokeWidth=3, opacity=0.4
    )
    points = alt.Chart(rows).mark_circle(size=90, opacity=1)
    return alt.layer(
        lines.encode(x=alt.X("now:Q", title=None), x2="then:Q", y=y, tooltip=tooltip),
        points.encode(
            x=x, y=y, color=alt.Color("when:N", scale=scale, legend=LEGEND), tooltip=tooltip
        ),
    )


def _exposure(found: Sequence[Exposure], noun: str) -> None:
    kinds: tuple[Literal["category", "vendor"], ...] = ("category", "vendor")
    frames = [(kind, rows) for kind in kinds if len(rows := exposure(found, kind))]
    if not frames:
        return
    colours = [ui.theme_colour("gray"), ui.theme_colour("violet")]
    for column, (kind, rows) in zip(st.columns(len(frames), gap="large"), frames, strict=True):
        with column:
            st.markdown(f"**Places by {kind}**")
            st.altair_chart(
                chart(rows, colours),
                height=ROW * (len(rows) // 2) + AROUND,
                alt=f"Share of all places by {kind}, now and with these rules",
            )
    st.caption(
        "Shares of all places in everybody's ten, most changed first. "
        f"{article(noun).capitalize()} of two categories counts in both."
    )


def _headline(found: RulesPreview) -> None:
    interval = (found.ndcg_change, found.low, found.high)
    st.metric(
        "NDCG@10",
        f"{found.after.ndcg:.4f}",
        f"{found.ndcg_change:+.4f}",
        delta_color=sure(interval),
        delta_arrow="off",
        delta_description=f"± {(found.high - found.low) / 2:.4f}",
        help="Do the first ten hold what people came to like, and near the top? "
        f"It is {found.before.ndcg:.4f} now",
        border=True,
        height="stretch",
    )


def _changed(found: RulesPreview) -> None:
    st.metric(
        "People whose list changes",
        f"{found.changed_share:.0%}",
        f"of {found.n_users:,}",
        delta_color="gray",
        delta_arrow="off",
        help="At least one of the first ten is another one, or stands elsewhere",
        border=True,
        height="stretch",
    )


def _metric(label: str, before: float, after: float, meaning: str) -> None:
    st.metric(
        label,
        f"{after:.3f}",
        _signed(after - before),
        delta_color="gray",
        delta_arrow="off",
        delta_description=f"was {before:.3f}",
        help=meaning,
        border=True,
        height="stretch",
    )


def _signed(change: float) -> str:
    return f"{change:+.3f}" if round(change, 3) else "0.000"


def _figures(found: RulesPreview) -> str:
    own = found.without
    said = [f"NDCG@10 {own.ndcg:.4f}"]
    said += [f"{label} {getattr(own, name):.3f}" for name, (label, _) in FIGURES.items()]
    return ", ".join(said)
