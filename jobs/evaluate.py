"""Judge challenger, champion, popularities and baselines on one frozen window.

Each recipe is fitted on the older rows and its lists are scored on the newer ones. A stored score
is never used again: scores of models that saw different rows do not compare. A challenger that is
ahead of another recipe that is live is also judged on the rolling windows before: one window lies.

Run: python -m jobs.evaluate --dataset movielens_1m
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import reduce
from typing import Any, Unpack

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.engine import recipes
from jobs.engine.errors import EngineError
from jobs.engine.judging.evaluation import FAILURES, Evaluation, Figure
from jobs.engine.learning import baselines
from jobs.engine.learning.baselines import Baseline
from jobs.engine.learning.models import Model
from jobs.engine.recipes import AnyRecipe
from jobs.retraining.evaluation_windows import (
    PreparedWindow,
    gate_window,
    prepare,
    rolling_windows,
)
from jobs.retraining.frozen_tables import Frozen, frozen
from jobs.retraining.handover import challenger, nomination
from jobs.retraining.samples import sample_lists, window_lists
from jobs.runtime import entrypoint
from jobs.runtime.entrypoint import Overrides
from jobs.runtime.errors import JobError
from warehouse.append import append
from warehouse.datasets import Dataset
from warehouse.delta import Warehouse
from warehouse.errors import WarehouseError
from warehouse.tables import (
    GOLD_MODEL_METRICS,
    GOLD_SAMPLE_LISTS,
    GOLD_USER_METRICS,
    GOLD_WINDOW_LISTS,
    Table,
)
from warehouse.tables.vocabulary import COLD, GATE, HEADLINE, WARM

log = logging.getLogger(__name__)

SHOWN = ("ndcg@10", "recall@10", "recall@50", "map@10", "hit_rate@10", "coverage@10")
_MUST_FIT = "popularity"


@dataclass(frozen=True)
class Standing:
    """One recipe, what it stands for, and its model; None where its fit failed."""

    recipe: AnyRecipe | Baseline
    role: str
    model: Model | None = None


@dataclass(frozen=True)
class Judged:
    """The fitted recipes on one window, and how each did there."""

    window: str
    fitted: list[Standing]
    evaluation: Evaluation

    def headline(self, role: str) -> tuple[float, int]:
        """Return the role's NDCG@10 over the warm users, and how many there are."""
        name = next((one.recipe.name for one in self.fitted if one.role == role), "")
        figures = self.evaluation.figures.get(name, [])
        found = (f for f in figures if (f.slice, f.metric) == (WARM, HEADLINE))
        return next(((f.value, f.n_users) for f in found), (float("nan"), 0))


def run(warehouse: Warehouse, dataset: Dataset) -> None:
    """Cut the windows, fit and judge each recipe, write. A second run changes nothing.

    Raises:
        NotFrozenError, NotNominatedError, NotSearchedError: earlier tasks have not run.
    """
    root, run_key = warehouse.root, warehouse.run_key
    if warehouse.written(GOLD_MODEL_METRICS):
        log.info("%s: evaluated before under %s", dataset.name, run_key)
        return
    live = nomination(root, run_key)["champion"]
    standing = contestants(challenger(root, run_key), live, dataset)
    rows = frozen(warehouse)
    prepared = prepare(rows, dataset, gate_window(rows, dataset))
    gate = Judged(GATE, *judged(prepared, standing))
    found = [gate]
    if _is_ahead(gate, dataset):
        for name, window in rolling_windows(rows, dataset):
            before = prepare(rows, dataset, window, prepared.groups)
            found.append(Judged(name, *judged(before, _servable(standing))))
    roles = {one.recipe.name: one.role for one in gate.fitted if one.model is not None}
    samples = sample_lists(rows, prepared.users, gate.evaluation, roles)
    _write(warehouse, GOLD_USER_METRICS, _users(rows, found))
    may_go_live = [one.model for one in _servable(gate.fitted) if one.model is not None]
    _write(warehouse, GOLD_WINDOW_LISTS, window_lists(rows, prepared.users, may_go_live))
    retrain = {"retrain_id": run_key.retrain_id, "run_key": str(run_key)}
    append(root, GOLD_SAMPLE_LISTS, [retrain | row for row in samples], run_key=run_key)
    metrics = [retrain | row for one in found for row in _rows(one)]
    append(root, GOLD_MODEL_METRICS, metrics, run_key=run_key)
    for one in found:
        _tell(one)


def contestants(challenger: str, champion: str | None, dataset: Dataset) -> list[Standing]:
    """Return each recipe once, with its role: challenger, champion, popularity, baseline."""
    found: dict[AnyRecipe | Baseline, str] = {recipes.parse(challenger): "challenger"}
    if champion is not None:
        found.setdefault(recipes.parse(champion), "champion")
    for recipe in recipes.popularities(dataset.scale, dataset.windows.half_life_days):
        found.setdefault(recipe, "popularity")
    found |= dict.fromkeys(baselines.baselines(dataset.scale), "baseline")
    return [Standing(recipe, role) for recipe, role in found.items()]


def judged(
    prepared: PreparedWindow, standing: Sequence[Standing]
) -> tuple[list[Standing], Evaluation]:
    """Return the fitted recipes, and how each serves the people of the window."""
    fitted = [_fitted(one, prepared.fit) for one in standing]
    return fitted, prepared.evaluate([one.model for one in fitted if one.model is not None])


def _is_ahead(gate: Judged, dataset: Dataset) -> bool:
    """Whether the challenger could be promoted, so that the rolling windows have a say."""
    (ours, n_users), (theirs, _) = gate.headline("challenger"), gate.headline("champion")
    return ours > theirs and n_users >= dataset.floors.min_test_users


def _servable(standing: Sequence[Standing]) -> list[Standing]:
    return [one for one in standing if one.role != "baseline"]


def _fitted(one: Standing, fit: Callable[[AnyRecipe | Baseline], Model]) -> Standing:
    """Return the contestant with its model; one that fails has none. A popularity must not."""
    try:
        model = fit(one.recipe)
    except FAILURES as error:
        if one.role == _MUST_FIT:
            raise
        log.warning("%s failed: %s", one.recipe.name, str(error).split("\n", 1)[0])
        return one
    log.info("fitted %s in %.1f s", one.recipe.name, model.seconds)
    return replace(one, model=model)


def main(argv: Sequence[str] | None = None, **overrides: Unpack[Overrides]) -> int:
    """Parse the command line, start Spark, run."""
    job = entrypoint.job(entrypoint.parser("evaluate", __doc__).parse_args(argv), **overrides)
    run(job.warehouse(), job.dataset)
    return 0


def _users(rows: Frozen, found: Sequence[Judged]) -> DataFrame:
    each = [one.evaluation.user_metrics.withColumn("window", F.lit(one.window)) for one in found]
    return reduce(DataFrame.unionByName, each).join(rows.users().select("user", "user_id"), "user")


def _write(warehouse: Warehouse, table: Table, frame: DataFrame) -> None:
    retrain_id = F.lit(warehouse.run_key.retrain_id)
    signed = {"retrain_id": retrain_id, "run_key": F.lit(str(warehouse.run_key))}
    warehouse.append(table, frame.withColumns(signed))


def _rows(found: Judged) -> list[dict[str, Any]]:
    """Return rows of gold.model_metrics; a recipe whose fit failed has the metric `failed`.

    A baseline that failed, or was not made for so many items, is left out.
    """
    failed = [Figure(WARM, "failed", 1.0, 0)]
    return [
        {
            "recipe": one.recipe.name,
            "recipe_json": one.recipe.model_dump_json(),
            "role": one.role,
            "window": found.window,
            **asdict(figure),
            "fit_seconds": None if one.model is None else one.model.seconds,
        }
        for one in found.fitted
        for figure in found.evaluation.figures.get(one.recipe.name, failed)
        if one.model is not None or one.role != "baseline"
    ]


def _tell(found: Judged) -> None:
    """Log the headline figures as a table, a line for the warm and one for the cold users."""
    log.info("%s", found.window)
    log.info("%-32s %-10s %6s %s", "recipe", "role", "users", " ".join(f"{m:>11}" for m in SHOWN))
    for slice_name in (WARM, COLD):
        for one in found.fitted:
            figures = found.evaluation.figures.get(one.recipe.name, [])
            of_slice = {each.metric: each for each in figures if each.slice == slice_name}
            if of_slice:
                role = one.role if slice_name == WARM else slice_name
                _tell_one(one.recipe.name, role, of_slice)


def _tell_one(name: str, role: str, figures: Mapping[str, Figure]) -> None:
    cells = [f"{figures[m].value:11.4f}" if m in figures else " " * 11 for m in SHOWN]
    n_users = next(iter(figures.values())).n_users
    log.info("%-32s %-10s %6d %s", name, role, n_users, " ".join(cells))


if __name__ == "__main__":
    entrypoint.run(main, EngineError, JobError, WarehouseError)
