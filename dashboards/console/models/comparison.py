"""Two recipes of one retrain or of two, side by side: metrics, leads, parameters."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from dashboards import ui
from dashboards.console import components, evidence, lake_data, roles
from dashboards.console.models import history, leaderboard
from dashboards.console.models.leaderboard import SLICES
from dashboards.console.models.metrics import METRICS, Metric
from dashboards.console.retrain_rows import Figure, Retrain
from dashboards.text import NO_VALUE, esc, with_minus
from warehouse.tables.vocabulary import GATE

NO_CHANGE = 5e-5  # a smaller difference of two metrics is none
_ALL, _WITH = "show_equal", "compared_retrain"
Row = tuple[str, str, str, str]  # label, the value of A and of B, the difference


@dataclass(frozen=True)
class Side:
    """One of the two recipes, with the figures of its retrain's gate window."""

    retrain: Retrain
    recipe: str
    figures: Sequence[Figure]

    @property
    def own(self) -> list[Figure]:
        """The figures of this recipe."""
        return [figure for figure in self.figures if figure.recipe == self.recipe]

    @property
    def role(self) -> str:
        """The recipe's role in the retrain."""
        return next((figure.role for figure in self.own), "challenger")


def picker(retrains: Sequence[Retrain], shown: Retrain) -> Retrain | None:
    """Return the retrain to compare the shown one with, if any.

    It is that of `?with=`, or the one that the account picks. The address then names both.
    """
    by_id = {retrain.retrain_id: retrain for retrain in retrains if retrain.verdict}
    linked = st.query_params.get("with")
    if _WITH not in st.session_state and linked in by_id:
        st.session_state[_WITH] = linked
    picked = st.selectbox(
        "Compare with",
        list(by_id),
        index=None,
        format_func=lambda retrain_id: (
            "Another recipe of this retrain"
            if retrain_id == shown.retrain_id
            else history.label(by_id[retrain_id])
        ),
        key=_WITH,
        placeholder="Compare with another retrain, or with another recipe of this one",
        label_visibility="collapsed",
        filter_mode="contains",
    )
    if picked is None:
        st.query_params.pop("with", None)
        return None
    for name, value in (("retrain", shown.retrain_id), ("with", picked)):
        if st.query_params.get(name) != value:
            st.query_params[name] = value
    return by_id[picked]


def show(dataset: str, first: Retrain, second: Retrain) -> None:
    """Show two recipes side by side: only what differs, unless the operator wants all."""
    ui.heading("Comparison")
    left, right = st.columns(2)
    with left:
        a = _side(dataset, first, "a", other=None)
    with right:
        b = _side(dataset, second, "b", other=a)
    if a is None or b is None:
        st.caption("One of these retrains has no evaluation yet.")
        return
    with_equal = st.toggle("Show equal values too", key=_ALL)
    tables = {
        "Metrics": metrics(a, b, with_equal=with_equal),
        "Challenger's lead in NDCG@10, with its 95 % interval": leads(a, b, with_equal=with_equal),
        "Parameters": parameters(a, b, with_equal=with_equal),
    }
    if first == second:  # the leads are of a retrain, not of one of its recipes
        del tables["Challenger's lead in NDCG@10, with its 95 % interval"]
    for title, rows in tables.items():
        st.markdown(f"**{title}**")
        if rows:
            components.table([_cells(row) for row in rows], f"{title} of A and B")
        else:
            st.caption("No difference.")
    leaderboard.metrics_help()


def metrics(a: Side, b: Side, *, with_equal: bool) -> list[Row]:
    """Return a row per slice and metric of the gate's windows."""
    of_a, of_b = ({(f.slice, f.metric): f.value for f in side.own} for side in (a, b))
    slices = [*SLICES, *sorted({name for name, _ in of_a | of_b} - SLICES.keys())]
    rows = []
    for name in slices:
        for key, metric in METRICS.items():
            first, second = of_a.get((name, key)), of_b.get((name, key))
            is_equal = _difference(first, second) == 0
            if (first, second) == (None, None) or (is_equal and not with_equal):
                continue
            label = f"{esc(SLICES.get(name, name))}: {metric.label} {metric.arrow}".rstrip()
            change = _change(first, second, metric)
            rows.append((label, metric.text(first), metric.text(second), change))
    return rows


def leads(a: Side, b: Side, *, with_equal: bool) -> list[Row]:
    """Return a row per role: the challenger's lead over its best recipe in each retrain."""
    rows = []
    for role in ("champion", "popularity", "baseline"):
        compared = [
            evidence.best(evidence.comparisons(side.retrain.verdict), role) for side in (a, b)
        ]
        texts = [
            with_minus(f"{c.difference:+.4f} ({c.low:+.4f} to {c.high:+.4f})")
            + f" over {esc(c.recipe)}"
            if c and c.interval
            else NO_VALUE
            for c in compared
        ]
        if with_equal or texts[0] != texts[1]:
            rows.append((f"Over {roles.label(role).lower()}", texts[0], texts[1], ""))
    return rows


def parameters(a: Side, b: Side, *, with_equal: bool) -> list[Row]:
    """Return a row per parameter of the two recipes."""
    of_a, of_b = (flat(json.loads(side.own[0].recipe_json)) if side.own else {} for side in (a, b))
    rows = []
    for name in [*of_a, *(name for name in of_b if name not in of_a)]:
        first, second = of_a.get(name, NO_VALUE), of_b.get(name, NO_VALUE)
        if with_equal or first != second:
            rows.append((esc(name), esc(first), esc(second), ""))
    return rows


def flat(recipe: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """Return each value of a recipe as text, by its path: `als.rank`."""
    values: dict[str, str] = {}
    for name, value in recipe.items():
        if isinstance(value, Mapping):
            values |= flat(value, f"{prefix}{name}.")
        else:
            values[f"{prefix}{name}"] = value if isinstance(value, str) else json.dumps(value)
    return values


def _side(dataset: str, retrain: Retrain, key: str, other: Side | None) -> Side | None:
    figures = [f for f in lake_data.model_metrics(dataset, retrain.retrain_id) if f.window == GATE]
    by_recipe = {figure.recipe: figure.role for figure in figures}
    order = sorted(by_recipe, key=lambda recipe: list(roles.LABELS).index(by_recipe[recipe]))
    if not order:
        return None
    is_same = other is not None and other.retrain == retrain
    default = next((r for r in order if other is None or r != other.recipe), order[0])
    start = order.index(default) if is_same else 0
    recipe = st.selectbox(
        f"{key.upper()}: {esc(history.label(retrain))}",
        order,
        index=start,
        key=f"recipe_{key}_{retrain.retrain_id}",
        format_func=lambda recipe: f"{roles.label(by_recipe[recipe])}: {recipe}",
    )
    return Side(retrain, recipe or order[0], figures)


def _difference(first: float | None, second: float | None) -> float | None:
    """Return B minus A; None if one of them is missing."""
    if first is None or second is None:
        return None
    return 0.0 if abs(second - first) < NO_CHANGE else second - first


def _change(first: float | None, second: float | None, metric: Metric) -> str:
    difference = _difference(first, second)
    if difference is None:
        return ""
    text = with_minus(f"{difference:+.{metric.digits}f}")
    if not difference or metric.better is None:
        return f":gray[{text}]"
    is_better = (difference > 0) == (metric.better == "higher")
    return f":green[{text}]" if is_better else f":red[{text}]"


def _cells(row: Row) -> dict[str, str]:
    label, first, second, change = row
    return {"": label, "A": first, "B": second} | ({"B minus A": change} if change else {})
