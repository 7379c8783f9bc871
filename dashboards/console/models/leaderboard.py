"""All recipes of one retrain on the gate's window, by slice of the evaluation users."""

from collections.abc import Sequence

import streamlit as st

from dashboards import ui
from dashboards.console import components, evidence, roles
from dashboards.console.models import metrics
from dashboards.console.models.metrics import METRICS
from dashboards.console.retrain_rows import Figure, Retrain
from dashboards.text import NO_VALUE, duration, esc, plural
from serving.schemas import Comparison
from warehouse.tables.vocabulary import GATE, HEADLINE, WARM

SLICES = {
    "warm": "Known users",
    "cold": "New users",
    "active_low": "Least active users",
    "active_mid": "Moderately active users",
    "active_high": "Most active users",
    "newest_third": "Newest third of users",
}


def key_figures(retrain: Retrain) -> None:
    """Show the challenger's NDCG@10, its leads and the size of the search."""
    compared = evidence.comparisons(retrain.verdict)
    challenger = evidence.best(compared, "challenger")
    with st.grid(4, min_column_width=160):
        value = f"{challenger.value:.4f}" if challenger else NO_VALUE
        users = plural("user", challenger.n_users) if challenger else None
        components.metric("Challenger's NDCG@10", value, users)
        _lead("Lead over live recipe", evidence.best(compared, "champion"))
        _lead("Lead over popularity", evidence.best_popularity(compared))
        _search(retrain)


def show(figures: Sequence[Figure]) -> None:
    """Show every evaluated recipe for the slice that the account picks."""
    gate = [figure for figure in figures if figure.window == GATE]
    names = {figure.slice for figure in gate}
    slices = [name for name in SLICES if name in names] + sorted(names - SLICES.keys())
    with components.row(horizontal_alignment="distribute"):
        ui.heading("Leaderboard")
        metrics_help()
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
        f"Evaluated on {plural('user', n_users)} in the gate's window. Behind each recipe is the "
        "duration of its training. Baselines are only compared and never released."
    )


def metrics_help() -> None:
    """Show a button that opens what each metric says, its unit and its better direction."""
    with st.popover("What the metrics say", icon=":material/help:", type="tertiary"):
        components.table(metrics.rows(), "Metrics with meaning, unit and better direction")


def rows(gate: Sequence[Figure], slice_name: str) -> list[dict[str, str]]:
    """Return a row of Markdown cells per recipe, best first, without empty columns.

    Metrics of the catalogue, such as coverage, exist for the slice of known users only.
    """
    figures = [figure for figure in gate if figure.slice == slice_name]
    values = {(figure.recipe, figure.metric): figure.value for figure in figures}
    by_recipe = {figure.recipe: figure for figure in figures}
    shown = [name for name in METRICS if any(metric == name for _, metric in values)]
    order = sorted(by_recipe, key=lambda recipe: -values.get((recipe, HEADLINE), -1.0))
    best = {name: _best(figures, name) for name in shown}
    return [
        {"Recipe": _recipe(by_recipe[recipe])}
        | {METRICS[m].label: _cell(m, values.get((recipe, m)), best[m]) for m in shown}
        for recipe in order
    ]


def _recipe(figure: Figure) -> str:
    colour = roles.COLOURS.get(figure.role, "gray")
    name = f":{colour}-badge[{esc(roles.label(figure.role))}] {esc(figure.recipe)}"
    return f"{name} :gray[{_training(figure)}]" if figure.fit_seconds is not None else name


def _training(figure: Figure) -> str:
    return f"{figure.fit_seconds:.1f} s"


def _best(figures: Sequence[Figure], metric: str) -> float | None:
    """Return a metric's highest value; None if all recipes have the same."""
    values = {figure.value for figure in figures if figure.metric == metric}
    return max(values) if len(values) > 1 else None


def _cell(name: str, value: float | None, best: float | None) -> str:
    text = METRICS[name].text(value)
    is_best = value is not None and value == best and METRICS[name].better == "higher"
    return f"**{text}**" if is_best else text


def _lead(label: str, opponent: Comparison | None) -> None:
    if opponent is None or opponent.interval is None:
        components.metric(label, NO_VALUE)
        return
    lead, low, high = opponent.interval
    colour = evidence.interval_colour(opponent.interval)
    interval, over = f"{low:+.3f} to {high:+.3f}", f"Over {esc(opponent.recipe)}"
    components.metric(label, f"{lead:+.4f}", interval, colour, help=over)


def _search(retrain: Retrain) -> None:
    search = retrain.search
    if search is None or not search.n_trials:
        components.metric("Search", "No search" if search else NO_VALUE)
        return
    counts = ((search.n_pruned, "pruned"), (search.n_failed, "failed"))
    unfinished = ", ".join(f"{n} {state}" for n, state in counts if n)
    components.metric(
        "Trials",
        f"{search.n_trials:,}",
        unfinished or "all completed",
        colour="red" if search.n_failed > search.n_trials / 2 else "gray",
        delta_description=f"in {duration(search.seconds)}",
    )
