"""What the gate looks at, read from the lake without Spark."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from jobs.engine import recipes
from jobs.engine.judging.verdicts import Decision, Evidence, Result
from jobs.engine.recipes import Popular, Popularity, PopularRecently
from jobs.retraining import handover
from jobs.retraining.handover import freeze, nomination, of_retrain
from warehouse.datasets import Dataset
from warehouse.query import Lake
from warehouse.run_keys import RunKey
from warehouse.tables import GOLD_MODEL_METRICS, GOLD_USER_METRICS
from warehouse.tables.vocabulary import COLD, GATE, HEADLINE, WARM

_FOR_EVERYBODY = (Popular, PopularRecently)


@dataclass(frozen=True)
class Metrics:
    """The rows of gold.model_metrics of one retrain, and its users' headline values."""

    models: list[dict[str, Any]]  # of the gate's window
    rolling: list[dict[str, Any]]  # of the windows before it
    users: pa.Table  # (recipe, user_id, slices, value)

    def of(self, recipe: str, metric: str, missing: float) -> float:
        """Return the recipe's figure for the warm users."""
        rows = (r for r in self.models if (r["recipe"], r["slice"]) == (recipe, WARM))
        return next((float(r["value"]) for r in rows if r["metric"] == metric), missing)

    def others(self, decision: Decision) -> list[dict[str, Any]]:
        """Return all other figures of the warm and the cold, in the form of comparisons."""
        roles = {one.recipe: one.role for one in decision.comparisons}
        return [
            {
                "recipe": row["recipe"],
                "role": roles[row["recipe"]],
                "slice": row["slice"],
                "metric": row["metric"],
                "value": row["value"],
                "n_users": row["n_users"],
                "difference": None,
                "low": None,
                "high": None,
            }
            for row in self.models
            if row["recipe"] in roles
            and row["slice"] in (WARM, COLD)
            and (row["slice"], row["metric"]) != (WARM, HEADLINE)
        ]


def metrics(root: str, run_key: RunKey) -> Metrics:
    """Return what `evaluate` wrote in the run's retrain, which may be nothing.

    Raises:
        TableMissingError: `evaluate` has never run.
    """
    lake, retrain = Lake(root), of_retrain(run_key)
    models = lake.read(GOLD_MODEL_METRICS, equals=retrain).to_pylist()
    of_gate = [row for row in models if row["window"] == GATE]
    rolling = [row for row in models if row["window"] != GATE]
    users = lake.read(
        GOLD_USER_METRICS,
        columns=["recipe", "user_id", "slices", "value"],
        equals=retrain | {"window": GATE, "metric": HEADLINE},
    )
    return Metrics(of_gate, rolling, users)


def evidence(
    root: str,
    dataset: Dataset,
    found: Metrics,
    *,
    publishing_paused_by: str | None,
    run_key: RunKey,
) -> Evidence:
    """Return the evidence of the run's retrain.

    A recipe without a value for each judged user has NaN in their place: it cannot be judged.
    """
    standing, frozen = nomination(root, run_key), freeze(root, run_key)
    challenger = recipes.parse(handover.challenger(root, run_key))
    live = standing["champion"]
    champion = None if live is None else recipes.parse(live)
    popularities = list(recipes.popularities(dataset.scale, dataset.windows.half_life_days))
    if isinstance(challenger, Popularity) and challenger not in popularities:
        popularities.append(challenger)
    known = {one.name: one for one in [challenger, champion, *popularities] if one is not None}
    personalised = {name for name, one in known.items() if not isinstance(one, _FOR_EVERYBODY)}
    users, slices = _slices(found.users)
    baselines = {row["recipe"] for row in found.models if row["role"] == "baseline"}
    results = {
        name: _result(name, found, users, personalised=name in personalised)
        for name in {row["recipe"] for row in found.models} & (baselines | set(known))
    }
    timed = dataset.ratings.time is not None
    return Evidence(
        n_interactions=frozen["n_interactions"],
        quarantine_share=frozen["quarantine_share"],
        results=results,
        slices=slices,
        challenger=challenger.name,
        champion=None if champion is None else champion.name,
        popularities=tuple(one.name for one in popularities),
        baselines=tuple(sorted(baselines)),
        rolling=_rolling(found),
        publishing_paused_by=publishing_paused_by,
        cut="time" if timed else dataset.windows.without_time,
    )


def _slices(rows: pa.Table) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Return the judged users, sorted, and who of them belongs to each slice."""
    tags = dict(zip(rows["user_id"].to_pylist(), rows["slices"].to_pylist(), strict=True))
    users = np.array(sorted(tags), dtype=object)
    names = {WARM} | {tag for found in tags.values() for tag in found}
    return users, {
        name: np.array([name in tags[user] for user in users], dtype=bool) for name in sorted(names)
    }


def _rolling(found: Metrics) -> dict[str, dict[str, float]]:
    """Return NDCG@10 of the warm users by recipe and rolling window."""
    means: dict[str, dict[str, float]] = {}
    for row in found.rolling:
        if (row["slice"], row["metric"]) == (WARM, HEADLINE):
            means.setdefault(row["recipe"], {})[row["window"]] = row["value"]
    return means


def _result(name: str, found: Metrics, users: np.ndarray, *, personalised: bool) -> Result:
    mine = found.users.filter(pa.compute.equal(found.users["recipe"], name))
    values = np.full(len(users), np.nan)
    values[np.searchsorted(users, mine["user_id"].to_numpy(zero_copy_only=False))] = mine[
        "value"
    ].to_numpy()
    failed = found.of(name, "failed", 0) > 0
    return Result(
        values=values,
        coverage=found.of(name, "coverage@10", np.nan),
        personalised=personalised,
        n_not_finite=int(found.of(name, "not_finite", 0)),
        n_empty=int(found.of(name, "empty_lists", 0)),
        failure="its fit failed; see the log of evaluate" if failed else None,
    )
