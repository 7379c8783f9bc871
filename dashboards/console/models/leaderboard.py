"""All recipes of one retrain on the gate's window, by slice of the evaluation users."""

from collections.abc import Sequence

import streamlit as st

from dashboards import ui
from dashboards.console import components, evidence, roles
from dashboards.console.retrains import Figure, Retrain
from dashboards.text import NO_VALUE, duration, esc, plural
from serving.schemas import Comparison
from warehouse.tables.vocabulary import GATE, HEADLINE, WARM

METRICS = {
    HEADLINE: "NDCG@10",
    "recall@10": "Recall@10",
    "recall@50": "Recall@50",
    "map@10": "MAP@10",
    "hit_rate@10": "Hit rate@10",
    "coverage@10": "Coverage",
    "gini@10": "Gini",
    "novelty@10": "Novelty",
    "diversity@10": "Diversity",
}
SLICES = {
    "warm": "Known users",
    "cold": "New users",
    "active_low": "Light raters",
    "active_mid": "Medium raters",
    "active_high": "Heavy raters",
    "newest_third": "Newest third",
}
_NOT_BETTER_IF_HIGHER = {"gini@10"}


def key_figures(retrain: Retrain) -> None:
    """Show the challenger's NDCG@10, its leads and the size of the search."""
    compared = evidence.comparisons(retrain.verdict)
    challenger = evidence.first(compared, "challenger")
    with st.grid(4, min_column_width=160):
        if challenger is None:
            st.metric("Challenger's NDCG@10", NO_VALUE, border=True, height="stretch")
        else:
            st.metric(
                "Challenger's NDCG@10",
                f"{challenger.value:.4f}",
                plural("user", challenger.n_users),
                delta_color="gray",
                delta_arrow="off",
                border=True,
                height="stretch",
            )
        _lead("Lead over live recipe", evidence.first(compared, "champion"))
        _lead("Lead over popularity", evidence.first(compared, "popularity"))
        _search(retrain)


def show(metrics: Sequence[Figure]) -> None:
    """Show every evaluated recipe for the slice that the operator picks."""
    gate = [figure for figure in metrics if figure.window == GATE]
    names = {figure.slice for figure in gate}
    slices = [name for name in SLICES if name in names]
    slices += sorted(names - set(slices))
    ui.heading("Leaderboard")
    slice_name = st.segmented_control(
        "Evaluation users",
        slices,
        default=slices[0],
        required=True,
        format_func=lambda name: SLICES.get(name, name),
        key="slice",
        label_visibility="collapsed",
    )
    components.table(rows(gate, slice_name or WARM), "Every evaluated recipe, best first")
    n_users = max((figure.n_users for figure in gate if figure.slice == slice_name), default=0)
    st.caption(
        f"Evaluated on {plural('user', n_users)} in the gate's window. Baselines are for "
        "comparison only and cannot be released."
    )


def rows(gate: Sequence[Figure], slice_name: str) -> list[dict[str, str]]:
    """Return a row of Markdown cells per recipe, best first. Empty columns are left out.

    Metrics of the whole catalogue, such as coverage, exist for the slice of known users only.
    """
    figures = [figure for figure in gate if figure.slice == slice_name]
    values = {(figure.recipe, figure.metric): figure.value for figure in figures}
    by_recipe = {figure.recipe: figure for figure in figures}
    metrics = [metric for metric in METRICS if any(name == metric for _, name in values)]
    order = sorted(by_recipe, key=lambda recipe: -values.get((recipe, HEADLINE), -1.0))
    best = {metric: _best([values.get((r, metric)) for r in order]) for metric in metrics}
    return [
        {"Recipe": _recipe(by_recipe[recipe])}
        | {METRICS[m]: _cell(m, values.get((recipe, m)), best[m]) for m in metrics}
        | {"Training": _training(by_recipe[recipe])}
        for recipe in order
    ]


def _recipe(figure: Figure) -> str:
    colour = roles.COLOURS.get(figure.role, "gray")
    return f":{colour}-badge[{esc(roles.label(figure.role))}] {esc(figure.recipe)}"


def _training(figure: Figure) -> str:
    return NO_VALUE if figure.fit_seconds is None else f"{figure.fit_seconds:.1f} s"


def _best(values: Sequence[float | None]) -> float | None:
    """Return the highest value if not all are equal."""
    distinct = {value for value in values if value is not None}
    return max(distinct) if len(distinct) > 1 else None


def _cell(metric: str, value: float | None, best: float | None) -> str:
    if value is None:
        return NO_VALUE
    digits = {HEADLINE: 4, "novelty@10": 2}.get(metric, 3)
    text = f"{value:.{digits}f}"
    return f"**{text}**" if value == best and metric not in _NOT_BETTER_IF_HIGHER else text


def _lead(label: str, opponent: Comparison | None) -> None:
    interval = opponent.interval if opponent else None
    if interval is None:
        st.metric(label, NO_VALUE, border=True, height="stretch")
        return
    st.metric(
        label,
        f"{interval[0]:+.4f}",
        f"{interval[1]:+.3f} to {interval[2]:+.3f}",
        delta_color=evidence.interval_colour(interval),
        delta_arrow="off",
        border=True,
        height="stretch",
    )


def _search(retrain: Retrain) -> None:
    search = retrain.search
    if search is None or not search.n_trials:
        value = NO_VALUE if search is None else "No search"
        st.metric("Search", value, border=True, height="stretch")
        return
    counts = ((search.n_pruned, "pruned"), (search.n_failed, "failed"))
    unfinished = ", ".join(f"{n} {state}" for n, state in counts if n)
    st.metric(
        "Trials",
        f"{search.n_trials:,}",
        unfinished or "all completed",
        delta_color="red" if search.n_failed > search.n_trials / 2 else "gray",
        delta_arrow="off",
        delta_description=f"in {duration(search.seconds)}",
        border=True,
        height="stretch",
    )
