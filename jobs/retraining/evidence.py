"""The gate's evidence, read from the metrics of a retrain without Spark."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, get_args

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from jobs.engine import recipes
from jobs.engine.judging.verdicts import Evidence, Result
from jobs.engine.recipes import AnyRecipe, Popular, Popularity, PopularRecently
from jobs.retraining.handover import Freeze, Nomination, Search
from warehouse.datasets import Dataset
from warehouse.query import Lake
from warehouse.tables import GOLD_MODEL_METRICS, GOLD_USER_METRICS
from warehouse.tables.vocabulary import GATE, HEADLINE, LEFT_OUT, NEW_ITEMS, WARM, Role

_NOT_PERSONALISED = (Popular, PopularRecently)


@dataclass(frozen=True)
class Metrics:
    """The metrics of one retrain.

    `gate` and `rolling` are rows of gold.model_metrics, on the gate's window and on those before
    it. `users` (recipe, user_id, slices, value) has each user's headline metric, `new_items` the
    same for the lists of new items. `left_out` is the largest number of items of each baseline that
    was not fitted.
    """

    gate: list[dict[str, Any]]
    rolling: list[dict[str, Any]]
    users: pa.Table
    new_items: pa.Table
    left_out: Mapping[str, int] = field(default_factory=dict)

    @cached_property
    def roles(self) -> dict[str, Role]:
        """The role of each evaluated recipe, by its name."""
        return {row["recipe"]: row["role"] for row in self.gate}

    @cached_property
    def recipes(self) -> dict[str, AnyRecipe]:
        """The evaluated recipes by name, without baselines, which are never released."""
        rows = {row["recipe"]: row for row in self.gate if row["role"] != "baseline"}
        return {name: recipes.parse(row["recipe_json"]) for name, row in rows.items()}

    @cached_property
    def warm(self) -> dict[str, dict[str, float]]:
        """Metrics of the warm users, by recipe and metric."""
        return _warm_values(self.gate, by="metric")

    def popularities(self) -> list[str]:
        """Return the names of the popularities, simplest first, whatever their role is."""
        kinds = get_args(Popularity)
        kind_of = {name: type(recipe) for name, recipe in self.recipes.items()}
        return sorted(
            (name for name, kind in kind_of.items() if kind in kinds),
            key=lambda n: (kinds.index(kind_of[n]), self.roles[n] == "challenger", n),
        )

    def baselines(self) -> list[str]:
        """Return the names of the baselines, in alphabetical order."""
        return sorted(name for name, role in self.roles.items() if role == "baseline")


def metrics(root: str, retrain_id: str) -> Metrics:
    """Return the metrics that `evaluate` wrote in the retrain; there may be none.

    Raises:
        TableMissingError: `evaluate` has never run.
    """
    lake, of_retrain = Lake(root), {"retrain_id": retrain_id}
    rows = lake.read(GOLD_MODEL_METRICS, equals=of_retrain).to_pylist()
    users, new_items = (
        lake.read(
            GOLD_USER_METRICS,
            columns=["recipe", "user_id", "slices", "value"],
            equals=of_retrain | {"window": window, "metric": HEADLINE},
        )
        for window in (GATE, NEW_ITEMS)
    )
    gate = [row for row in rows if row["window"] == GATE and row["metric"] != LEFT_OUT]
    rolling = [row for row in rows if row["window"] not in (GATE, NEW_ITEMS)]
    left_out = {row["recipe"]: int(row["value"]) for row in rows if row["metric"] == LEFT_OUT}
    return Metrics(gate, rolling, users, new_items, left_out)


def evidence(
    root: str, dataset: Dataset, measured: Metrics, *, retrain_id: str, paused_by: str | None
) -> Evidence:
    """Return the evidence of the retrain.

    A recipe that lacks the value of an evaluation user has NaN there, so it cannot be judged.
    """
    nomination, freeze = Nomination.read(root, retrain_id), Freeze.read(root, retrain_id)
    champion = nomination.champion
    users, slices = _slices(measured.users)
    headlines = (row for row in measured.rolling if row["metric"] == HEADLINE)
    return Evidence(
        n_interactions=freeze.n_interactions,
        quarantine_share=freeze.quarantine_share,
        results={name: _result(name, measured, users) for name in measured.roles},
        slices=slices,
        challenger=Search.read(root, retrain_id).challenger.name,
        champion=None if champion is None else champion.name,
        popularities=tuple(measured.popularities()),
        baselines=tuple(measured.baselines()),
        left_out=measured.left_out,
        rolling=_warm_values(headlines, by="window"),
        new_items=_of_new_items(measured.new_items),
        publishing_paused_by=paused_by,
        cut="time" if dataset.has_times else dataset.windows.without_time,
    )


def _of_new_items(rows: pa.Table) -> dict[str, NDArray[np.float64]]:
    """Return the headline metric of each warm user, by recipe, in one order of the users."""
    values: dict[str, list[float]] = {}
    for row in rows.sort_by("user_id").to_pylist():
        if WARM in row["slices"]:
            values.setdefault(row["recipe"], []).append(row["value"])
    return {recipe: np.array(of_users) for recipe, of_users in values.items()}


def _slices(rows: pa.Table) -> tuple[NDArray[np.object_], dict[str, NDArray[np.bool_]]]:
    """Return the evaluation users, sorted, and which of them belong to each slice."""
    slices_of = dict(zip(rows["user_id"].to_pylist(), rows["slices"].to_pylist(), strict=True))
    users, names = sorted(slices_of), sorted({WARM}.union(*slices_of.values()))
    members = {name: np.array([name in slices_of[u] for u in users], dtype=bool) for name in names}
    return np.array(users, dtype=object), members


def _warm_values(
    rows: Iterable[Mapping[str, Any]], *, by: Literal["metric", "window"]
) -> dict[str, dict[str, float]]:
    """Return the values of the warm users, by recipe and by metric or window."""
    values: dict[str, dict[str, float]] = {}
    for row in rows:
        if row["slice"] == WARM:
            values.setdefault(row["recipe"], {})[row[by]] = row["value"]
    return values


def _result(name: str, measured: Metrics, users: NDArray[np.object_]) -> Result:
    rows = measured.users.filter(pa.compute.equal(measured.users["recipe"], name))
    values = np.full(len(users), np.nan)
    positions = np.searchsorted(users, rows["user_id"].to_numpy(zero_copy_only=False))
    values[positions] = rows["value"].to_numpy()
    warm = measured.warm.get(name, {})
    return Result(
        values=values,
        coverage=warm.get("coverage@10", np.nan),
        personalised=not isinstance(measured.recipes.get(name), _NOT_PERSONALISED),
        n_not_finite=int(warm.get("not_finite", 0)),
        n_empty=int(warm.get("empty_lists", 0)),
        failure="its fit failed; see the log of evaluate" if warm.get("failed") else None,
    )
