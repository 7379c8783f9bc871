"""The gold rows that `decide` reads, as the earlier tasks of a retrain write them."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from jobs.engine import recipes
from jobs.engine.recipes import Als, AnyRecipe
from tests.support.jobs.small_world import RUN, Row, world
from warehouse.append import append
from warehouse.query import Lake
from warehouse.run_keys import RunKey
from warehouse.tables import (
    GOLD_FREEZES,
    GOLD_MODEL_METRICS,
    GOLD_NOMINATIONS,
    GOLD_SEARCHES,
    GOLD_USER_METRICS,
    GOLD_VERDICTS,
)

KEY = RunKey.parse(f"{RUN}/decide")
WORLD = world()
NOW = datetime(2024, 6, 1, tzinfo=UTC)
CHALLENGER, CHAMPION = recipes.default(WORLD), Als(rank=2)
POPULARITIES = recipes.popularities(WORLD)
SEARCHED: Row = {"found_by": "nomination", "value": None}
SEARCHED |= dict.fromkeys(("n_trials", "n_pruned", "n_failed"), 0) | {"found_at": NOW}
SEARCHED |= {"budget_seconds": 0.0, "seconds": 0.0}
GOOD: Mapping[AnyRecipe, float] = {**dict.fromkeys(POPULARITIES, 0.2), CHALLENGER: 0.4}
BOTH: Mapping[AnyRecipe, float] = {**GOOD, CHAMPION: 0.3}


def lake(
    root: Path,
    means: Mapping[AnyRecipe, float] = GOOD,
    *,
    champion: AnyRecipe | None = None,
    challenger: AnyRecipe = CHALLENGER,
    n_users: int = 80,
    without: AnyRecipe | None = None,
    rolling: Mapping[AnyRecipe, float] | None = None,
) -> str:
    """Write the rows of the earlier tasks; each recipe's NDCG values scatter around its mean.

    `without` is a recipe that lacks the value of one user. `rolling` has the means on the rolling
    windows, by default those on the gate's window.
    """
    run = {"retrain_id": RUN, "run_key": f"{RUN}/before"}
    key = RunKey.parse(run["run_key"])
    live = None if champion is None else champion.model_dump_json()
    nominated: Row = {"challenger": CHALLENGER.model_dump_json(), "champion": live}
    searched = {"challenger": challenger.model_dump_json()}
    nominated |= {"champion_release_id": None, "nominated_at": NOW, "reason": "A test"}
    frozen = {"versions": [("silver.items", 0)], "n_interactions": 99, "quarantine_share": 0.0}
    noise = np.random.default_rng(0).normal(0, 0.02, n_users)
    users = [
        run
        | {"recipe": recipe.name, "window": "gate", "user_id": f"u{at}", "value": float(value)}
        | {"slices": ["warm"] if at else ["cold"], "metric": "ndcg@10"}
        for recipe, mean in means.items()
        for at, value in enumerate(mean + noise)
        if not (recipe == without and at == 1)
    ]
    roles = dict.fromkeys(means, "popularity") | {champion: "champion", challenger: "challenger"}
    models = [
        row
        for recipe, mean in means.items()
        for row in figures(run, recipe, mean, n_users, roles[recipe])
    ]
    for recipe, mean in (means if rolling is None else rolling).items():
        rows = figures(run, recipe, mean, n_users, roles[recipe])
        models += [row | {"window": name} for name in ("rolling_40", "rolling_60") for row in rows]
    where = str(root)
    append(where, GOLD_NOMINATIONS, [run | nominated], run_key=key)
    append(where, GOLD_SEARCHES, [run | SEARCHED | searched], run_key=key)
    append(where, GOLD_FREEZES, [run | frozen | {"frozen_at": NOW}], run_key=key)
    append(where, GOLD_USER_METRICS, users, run_key=key)
    append(where, GOLD_MODEL_METRICS, models, run_key=key)
    return where


def figures(run: Row, recipe: AnyRecipe, mean: float, n_users: int, role: str) -> list[Row]:
    same: Row = {"recipe": recipe.name, "recipe_json": recipe.model_dump_json(), "role": role}
    same |= {"window": "gate", "slice": "warm", "n_users": n_users, "fit_seconds": 1.0}
    values = {"ndcg@10": mean, "recall@10": mean / 2, "coverage@10": 0.5}
    return [run | same | {"metric": name, "value": value} for name, value in values.items()]


def verdict(root: str) -> Row:
    [row] = Lake(root).rows(GOLD_VERDICTS, equals={"retrain_id": RUN})
    return row
