"""The recipes of one retrain side by side, on the gate's window: everybody, the cold, who loses."""

from collections.abc import Sequence

import streamlit as st

from dashboards import ui
from dashboards.console import evidence, pieces
from dashboards.console.figures import sure
from dashboards.console.retrains import Figure, Retrain
from dashboards.console.verdict import ROLES
from dashboards.text import NO_VALUE, duration, esc, plural
from serving.schemas import Comparison
from warehouse.tables.vocabulary import GATE, HEADLINE, WARM

COLUMNS = {
    HEADLINE: "NDCG@10",
    "recall@10": "Recall@10",
    "recall@50": "Recall@50",
    "map@10": "MAP@10",
    "hit_rate@10": "Hits@10",
    "coverage@10": "Coverage",
    "gini@10": "Gini",
    "novelty@10": "Novelty",
    "diversity@10": "Diversity",
}
SLICES = {
    "warm": "Everybody known",
    "cold": "New people",
    "active_low": "Rated little",
    "active_mid": "Rated some",
    "active_high": "Rated much",
    "newest_third": "Newest third",
}
_BADGES = {"challenger": "violet", "champion": "blue", "popularity": "orange", "baseline": "gray"}
_THREE_DIGITS = {"novelty@10"}
_NOT_BETTER_IF_HIGHER = {"gini@10"}


def figures(retrain: Retrain) -> None:
    """Show the row of figures at the top: the challenger's quality, its lead, its search."""
    found = evidence.comparisons(retrain.verdict) if retrain.verdict else []
    ours = evidence.challenger(found)
    with st.grid(4, min_column_width=160):
        if ours is None:
            st.metric("Challenger's NDCG@10", NO_VALUE, border=True, height="stretch")
        else:
            people = f"{ours.n_users:,} people"
            st.metric(
                "Challenger's NDCG@10",
                f"{ours.value:.4f}",
                people,
                delta_color="gray",
                delta_arrow="off",
                border=True,
                height="stretch",
            )
        _lead("Lead over the live recipe", _first(found, "champion"))
        _lead("Lead over popularity", _first(found, "popularity"))
        _searched(retrain)


def show(metrics: Sequence[Figure]) -> None:
    """Show every recipe that was judged, for a slice of the people."""
    gate = [each for each in metrics if each.window == GATE]
    there = {each.slice for each in gate}
    slices = [name for name in SLICES if name in there]
    slices += sorted(there - set(slices))
    ui.heading("Leaderboard")
    slice_name = st.segmented_control(
        "People",
        slices,
        default=slices[0],
        required=True,
        format_func=lambda name: SLICES.get(name, name),
        key="slice",
        label_visibility="collapsed",
    )
    pieces.table(rows(gate, slice_name or WARM), "Every recipe that was judged, best first")
    judged = max((each.n_users for each in gate if each.slice == slice_name), default=0)
    st.caption(
        f"{plural('person', judged)} of the window that the gate looked at. Baselines can't be "
        "released: they tell how far others come."
    )


def rows(gate: Sequence[Figure], slice_name: str) -> list[dict[str, str]]:
    """Return a row of Markdown cells per recipe, best first; columns that nobody has are left out.

    What belongs to the whole catalogue, such as coverage, is told with the known people only.
    """
    mine = [each for each in gate if each.slice == slice_name]
    values = {(each.recipe, each.metric): each.value for each in mine}
    roles = {each.recipe: each.role for each in mine}
    seconds = {each.recipe: each.fit_seconds for each in mine}
    shown = [metric for metric in COLUMNS if any(name == metric for _, name in values)]
    order = sorted(roles, key=lambda recipe: -values.get((recipe, HEADLINE), -1.0))
    best = {metric: _best([values.get((r, metric)) for r in order]) for metric in shown}
    return [
        {
            "Recipe": f":{_BADGES.get(roles[recipe], 'gray')}-badge[{esc(_role(roles[recipe]))}] "
            f"{esc(recipe)}",
            **{
                COLUMNS[metric]: _cell(metric, values.get((recipe, metric)), best[metric])
                for metric in shown
            },
            "Fit": f"{seconds[recipe]:.1f} s" if seconds[recipe] is not None else NO_VALUE,
        }
        for recipe in order
    ]


def _role(role: str) -> str:
    return ROLES.get(role, role)


def _best(values: Sequence[float | None]) -> float | None:
    """Return the highest, if there is one that stands out."""
    known = {value for value in values if value is not None}
    return max(known) if len(known) > 1 else None


def _cell(metric: str, value: float | None, best: float | None) -> str:
    if value is None:
        return NO_VALUE
    said = f"{value:.2f}" if metric in _THREE_DIGITS else f"{value:.3f}"
    if metric == HEADLINE:
        said = f"{value:.4f}"
    return f"**{said}**" if value == best and metric not in _NOT_BETTER_IF_HIGHER else said


def _first(found: Sequence[Comparison], role: str) -> Comparison | None:
    return next((each for each in found if each.role == role), None)


def _lead(label: str, over: Comparison | None) -> None:
    interval = over.interval if over else None
    if over is None or interval is None:
        st.metric(label, NO_VALUE, border=True, height="stretch")
        return
    st.metric(
        label,
        f"{interval[0]:+.4f}",
        f"{interval[1]:+.3f} to {interval[2]:+.3f}",
        delta_color=sure(interval),
        delta_arrow="off",
        border=True,
        height="stretch",
    )


def _searched(retrain: Retrain) -> None:
    search = retrain.search
    if search is None or not search.n_trials:
        words = NO_VALUE if search is None else "No search"
        st.metric("Search", words, border=True, height="stretch")
        return
    cut = ", ".join(
        f"{n} {word}" for n, word in ((search.n_pruned, "pruned"), (search.n_failed, "failed")) if n
    )
    st.metric(
        "Trials",
        f"{search.n_trials:,}",
        cut or "all completed",
        delta_color="red" if search.n_failed > search.n_trials / 2 else "gray",
        delta_arrow="off",
        delta_description=f"in {duration(search.seconds)}",
        border=True,
        height="stretch",
    )
