"""The gate's evidence, read from the metrics of a retrain without Spark."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, get_args

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
from warehouse.tables.vocabulary import GATE, HEADLINE, WARM, Role

_NOT_PERSONALISED = (Popular, PopularRecently)


@dataclass(frozen=True)
class Metrics:
    """What `evaluate` measured in one retrain.

    `gate` and `rolling` are rows of gold.model_metrics, on the gate's window and on those before
    it. `users` (recipe, user_id, slices, value) holds each user's headline metric.
    """

    gate: list[dict[str, Any]]
    rolling: list[dict[str, Any]]
    users: pa.Table

    @cached_property
    def roles(self) -> dict[str, Role]:
        """The role of each evaluated recipe, by its name."""
        return {row["recipe"]: row["role"] for row in self.gate}

    @cached_property
    def recipes(self) -> dict[str, AnyRecipe]:
        """The evaluated recipes by name, without baselines: nobody releases those."""
        texts = {row["recipe"]: row["recipe_json"] for row in self.gate}
        return {
            name: recipes.parse(text)
            for name, text in texts.items()
            if self.roles[name] != "baseline"
        }

    @cached_property
    def warm(self) -> dict[str, dict[str, float]]:
        """Metrics of the warm users, by recipe and metric."""
        values: dict[str, dict[str, float]] = {}
        for row in self.gate:
            if row["slice"] == WARM:
                values.setdefault(row["recipe"], {})[row["metric"]] = row["value"]
        return values

    def popularities(self) -> list[str]:
        """Return the names of the popularities, simplest first, whatever their role is."""
        simplest_first = get_args(Popularity)
        found = {n: recipe for n, recipe in self.recipes.items() if isinstance(recipe, Popularity)}
        return sorted(
            found,
            key=lambda name: (
                simplest_first.index(type(found[name])),
                self.roles[name] == "challenger",
                name,
            ),
        )

    def baselines(self) -> list[str]:
        """Return the names of the baselines, in alphabetical order."""
        return sorted(name for name, role in self.roles.items() if role == "baseline")


def metrics(root: str, retrain_id: str) -> Metrics:
    """Return what `evaluate` wrote in the retrain, which may be nothing.

    Raises:
        TableMissingError: `evaluate` has never run.
    """
    lake, of_retrain = Lake(root), {"retrain_id": retrain_id}
    rows = lake.read(GOLD_MODEL_METRICS, equals=of_retrain).to_pylist()
    users = lake.read(
        GOLD_USER_METRICS,
        columns=["recipe", "user_id", "slices", "value"],
        equals=of_retrain | {"window": GATE, "metric": HEADLINE},
    )
    gate = [row for row in rows if row["window"] == GATE]
    return Metrics(gate, [row for row in rows if row["window"] != GATE], users)


def evidence(
    root: str,
    dataset: Dataset,
    measured: Metrics,
    *,
    retrain_id: str,
    publishing_paused_by: str | None,
) -> Evidence:
    """Return the evidence of the retrain.

    A recipe that lacks the value of an evaluation user has NaN there, so it cannot be judged.
    """
    nomination, freeze = Nomination.read(root, retrain_id), Freeze.read(root, retrain_id)
    champion = nomination.champion
    users, slices = _slices(measured.users)
    return Evidence(
        n_interactions=freeze.n_interactions,
        quarantine_share=freeze.quarantine_share,
        results={name: _result(name, measured, users) for name in measured.roles},
        slices=slices,
        challenger=Search.read(root, retrain_id).challenger.name,
        champion=None if champion is None else champion.name,
        popularities=tuple(measured.popularities()),
        baselines=tuple(measured.baselines()),
        rolling=_rolling(measured),
        publishing_paused_by=publishing_paused_by,
        cut="time" if dataset.ratings.time is not None else dataset.windows.without_time,
    )


def _slices(rows: pa.Table) -> tuple[NDArray[np.object_], dict[str, NDArray[np.bool_]]]:
    """Return the evaluation users, sorted, and which of them belong to each slice."""
    slices_of = dict(zip(rows["user_id"].to_pylist(), rows["slices"].to_pylist(), strict=True))
    users = np.array(sorted(slices_of), dtype=object)
    names = {WARM}.union(*slices_of.values())
    return users, {
        name: np.array([name in slices_of[user] for user in users], dtype=bool)
        for name in sorted(names)
    }


def _rolling(measured: Metrics) -> Mapping[str, Mapping[str, float]]:
    """Return the headline metric of the warm users by recipe and rolling window."""
    means: dict[str, dict[str, float]] = {}
    for row in measured.rolling:
        if (row["slice"], row["metric"]) == (WARM, HEADLINE):
            means.setdefault(row["recipe"], {})[row["window"]] = row["value"]
    return means


def _result(name: str, measured: Metrics, users: NDArray[np.object_]) -> Result:
    rows = measured.users.filter(pa.compute.equal(measured.users["recipe"], name))
    values = np.full(len(users), np.nan)
    positions = np.searchsorted(users, rows["user_id"].to_numpy(zero_copy_only=False))
    values[positions] = rows["value"].to_numpy()
    warm = measured.warm.get(name, {})
    failed = warm.get("failed", 0) > 0
    return Result(
        values=values,
        coverage=warm.get("coverage@10", np.nan),
        personalised=not isinstance(measured.recipes.get(name), _NOT_PERSONALISED),
        n_not_finite=int(warm.get("not_finite", 0)),
        n_empty=int(warm.get("empty_lists", 0)),
        failure="its fit failed; see the log of evaluate" if failed else None,
    )
