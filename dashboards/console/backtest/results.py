"""The results of a backtest: the sentence on the cadence, the two charts, a table of the cuts."""

from collections.abc import Mapping, Sequence

import streamlit as st

from dashboards import ui
from dashboards.console import components
from dashboards.console.backtest import cadence, curves
from dashboards.console.backtest.reading import Figure, Key
from dashboards.text import NO_VALUE, esc, plural

MAX_ROWS = 24
MIN_CHARTED = 2  # cuts


def picker(groups: Mapping[Key, Sequence[Figure]], live: str | None) -> Key:
    """Return the backtest to show: by default that of the live recipe, else the newest."""
    default = next((key for key in groups if key[1] == live), next(iter(groups)))
    if len(groups) == 1:
        return default
    by_label = {_label(key, live): key for key in groups}
    picked = st.selectbox(
        "Backtested recipe",
        list(by_label),
        index=list(by_label.values()).index(default),
        key="backtested",
    )
    return by_label[picked or _label(default, live)]


def show_cadence(figures: Sequence[Figure], period: str) -> None:
    """Show which cadence would have been right, and what models lose with their age."""
    ui.heading("How often to retrain")
    losses, has_ages = cadence.losses(figures), any(figure.age for figure in figures)
    sentence = cadence.sentence(losses, period, has_ages=has_ages)
    st.markdown(f"**{sentence}**".replace(" %", "\N{NO-BREAK SPACE}%"))
    if losses:
        text = "; ".join(f"{plural(period, x.age)}: {cadence.shares(x)}" for x in losses)
        st.altair_chart(
            curves.loss_chart(losses, period), height=260, alt=f"Loss by age of the model: {text}"
        )
        n_cuts, n_users = max(x.n_cuts for x in losses), max(x.n_users for x in losses)
        st.caption(
            f"Over {plural('cut', n_cuts)} and {plural('user', n_users)} with training events."
            " The older model is compared with one trained until the cut, user by user, on the"
            " same events. Lists are those of a release, without the API's online updates, which"
            " make the loss smaller."
        )


def show_time(figures: Sequence[Figure], period: str) -> None:
    """Show the backtested recipe against the best of the other roles through time."""
    cuts = sorted({figure.cut for figure in figures})
    ui.heading("Through time", f":gray[{plural('cut', len(cuts))}]")
    if len(cuts) < MIN_CHARTED:
        st.caption("A line appears here once two cuts are evaluated.")
        return
    best = curves.best_by_role(figures)
    rows = curves.through_time(figures)
    drawn = {curves.LABELS[role]: best[role] for role in curves.ROLES if role in best}
    of_roles = ", ".join(label.lower() for label in drawn)
    st.altair_chart(curves.time_chart(rows), height=260, alt=f"NDCG@10 at each cut of: {of_roles}")
    recipes = " · ".join(f"{label}: {esc(recipe)}" for label, recipe in drawn.items())
    st.caption(
        f"On the {period} after each cut. The bands are 95 % intervals; cuts with few users have "
        f"none. {recipes}"
    )


def show_table(figures: Sequence[Figure], period: str) -> None:
    """Show every cut with its figures, newest first."""
    ui.heading("Cuts")
    best = curves.best_by_role(figures)
    ages = sorted({figure.age for figure in figures if figure.age})
    cuts = sorted({figure.cut for figure in figures}, reverse=True)
    rows = []
    for cut in cuts[:MAX_ROWS]:
        of_cut = [figure for figure in figures if figure.cut == cut]
        fresh = next((f for f in of_cut if f.role == "champion" and f.age == 0), None)
        row = {"Trained until": f"{cut:%d %b %Y}", "Users": f"{fresh.n_users:,}" if fresh else ""}
        row[curves.LABELS["champion"]] = _value(fresh)
        for role in curves.ROLES[1:]:
            other = next((f for f in of_cut if f.recipe == best.get(role) and f.age == 0), None)
            row[curves.LABELS[role]] = _value(other)
        for age in ages:
            row[f"{plural(period, age)} old"] = _lost(
                next((f for f in of_cut if f.age == age), None)
            )
        rows.append(row)
    components.table(rows, "Each cut with users, NDCG@10 and the losses of older models")
    if ages:
        st.caption("Older models: their NDCG@10 minus that of the new one. Gray: within noise.")
    if len(cuts) > MAX_ROWS:
        st.caption(f"The newest {MAX_ROWS} of {len(cuts)} cuts. All are in `gold.backtests`.")


def _label(key: Key, live: str | None) -> str:
    period, champion = key
    return f"{champion}{' (live)' if champion == live else ''} · by {period}"


def _value(figure: Figure | None) -> str:
    if figure is None:
        return NO_VALUE
    if figure.low is None or figure.high is None:
        return f"{figure.value:.3f} :gray[few users]"
    return f"{figure.value:.3f} :gray[{figure.low:.3f} to {figure.high:.3f}]"


def _lost(figure: Figure | None) -> str:
    if figure is None or figure.loss is None:
        return NO_VALUE
    is_noise = figure.loss_low is None or figure.loss_low <= 0
    text = f"{-figure.loss:+.3f}".replace("-", "\N{MINUS SIGN}")
    return f":gray[{text}]" if is_noise else text
