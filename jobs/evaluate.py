"""Evaluate challenger, champion, popularity recipes and baselines on the gate's window.

Each recipe is fitted on the older rows, and its lists are scored against the newer ones. Scores of
earlier retrains are not used, as models fitted on different rows are not comparable. A challenger
that leads the champion is also evaluated on the rolling windows, as one window is noisy.

Run: python -m jobs.evaluate --dataset movielens_1m
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import reduce
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.engine import recipes
from jobs.engine.errors import TooManyItemsError
from jobs.engine.item_recipes import Recipe
from jobs.engine.judging.evaluation import FIT_FAILURES, Evaluation, Figure
from jobs.engine.learning import baselines
from jobs.engine.learning.baselines import Baseline
from jobs.engine.learning.models import Model
from jobs.engine.recipes import ORDERS_OF_NEW_ITEMS, AnyRecipe
from jobs.retraining.evaluation_windows import (
    PreparedWindow,
    evaluate_new_items,
    gate_window,
    headline,
    prepare,
    rolling_windows,
)
from jobs.retraining.frozen_tables import Frozen, frozen
from jobs.retraining.handover import Nomination, Search
from jobs.retraining.samples import sample_lists, window_lists
from jobs.runtime import entrypoint
from warehouse.append import append
from warehouse.datasets import Dataset
from warehouse.delta import Warehouse
from warehouse.tables import (
    GOLD_MODEL_METRICS,
    GOLD_SAMPLE_LISTS,
    GOLD_USER_METRICS,
    GOLD_WINDOW_LISTS,
    Table,
)
from warehouse.tables.vocabulary import COLD, GATE, LEFT_OUT, NEW_ITEMS, WARM, Role

log = logging.getLogger(__name__)

LOGGED = ("ndcg@10", "recall@10", "recall@50", "map@10", "hit_rate@10", "coverage@10")


@dataclass(frozen=True)
class Compared:
    """A recipe or an order of items, its role, and its model.

    The model is None before the fit, if the fit failed, and for an order that needs none.
    `most_items` is the bound of a baseline that was left out because the catalogue is larger.
    """

    recipe: Recipe
    role: Role
    model: Model | None = None
    most_items: int | None = None


@dataclass(frozen=True)
class EvaluatedRecipe(Compared):
    """A recipe that can be fitted."""

    recipe: AnyRecipe | Baseline


@dataclass(frozen=True)
class EvaluatedWindow:
    """The recipes, fitted and evaluated on one window."""

    name: str
    entries: Sequence[Compared]
    evaluation: Evaluation


def run(warehouse: Warehouse, dataset: Dataset) -> None:
    """Fit and evaluate each recipe, write the metrics and lists. A second run changes nothing.

    Raises:
        TaskMissingError: an earlier task of the retrain has not run.
    """
    root, run_key = warehouse.root, warehouse.run_key
    if warehouse.written(GOLD_MODEL_METRICS):
        log.info("%s: already evaluated in %s", dataset.name, run_key.retrain_id)
        return
    champion = Nomination.read(root, run_key.retrain_id).champion
    challenger = Search.read(root, run_key.retrain_id).challenger
    entries = evaluated_recipes(challenger, champion, dataset)
    rows = frozen(warehouse, dataset)
    prepared = prepare(rows, dataset, gate_window(rows, dataset))
    at_gate, evaluation = fit_and_evaluate(prepared, entries)
    gate = EvaluatedWindow(GATE, at_gate, evaluation)
    windows = [gate, *_of_new_items(prepared, rows, at_gate)]
    if _may_be_promoted(gate, dataset):
        for name, rolling in rolling_windows(rows, dataset):
            earlier = prepare(rows, dataset, rolling, prepared.segments)
            fitted = fit_and_evaluate(earlier, _releasable(entries))
            windows.append(EvaluatedWindow(name, *fitted))
    _write(warehouse, GOLD_USER_METRICS, _user_metrics(rows, windows))
    models = [entry.model for entry in _releasable(at_gate) if entry.model is not None]
    _write(warehouse, GOLD_WINDOW_LISTS, window_lists(rows, prepared.users, models))
    roles = {entry.recipe.name: entry.role for entry in at_gate if entry.model is not None}
    samples = sample_lists(rows, prepared.users, gate.evaluation, roles)
    retrain = {"retrain_id": run_key.retrain_id, "run_key": str(run_key)}
    append(root, GOLD_SAMPLE_LISTS, [retrain | row for row in samples], run_key=run_key)
    metrics = [retrain | row for window in windows for row in _model_metrics(window)]
    append(root, GOLD_MODEL_METRICS, metrics, run_key=run_key)
    for window in windows:
        _log(window)


def evaluated_recipes(
    challenger: AnyRecipe, champion: AnyRecipe | None, dataset: Dataset
) -> list[EvaluatedRecipe]:
    """Return each recipe once, in its first role: challenger, champion, popularity, baseline.

    A baseline that challenges or is live decides as these do.
    """
    roles: dict[AnyRecipe | Baseline, Role] = {challenger: "challenger"}
    if champion is not None:
        roles.setdefault(champion, "champion")
    for recipe in recipes.popularities(dataset):
        roles.setdefault(recipe, "popularity")
    for baseline in baselines.baselines(dataset):
        roles.setdefault(baseline, "baseline")
    return [EvaluatedRecipe(recipe, role) for recipe, role in roles.items()]


def fit_and_evaluate(
    prepared: PreparedWindow, entries: Sequence[EvaluatedRecipe]
) -> tuple[list[EvaluatedRecipe], Evaluation]:
    """Return the recipes with their models, and the evaluation of the models' lists."""
    fitted = [_fitted(entry, prepared.fit) for entry in entries]
    return fitted, prepared.evaluate([entry.model for entry in fitted if entry.model is not None])


def _of_new_items(
    prepared: PreparedWindow, rows: Frozen, entries: Sequence[EvaluatedRecipe]
) -> list[EvaluatedWindow]:
    """Return the window of the new items, if a recipe has predicted factors to compare."""
    releasable = _releasable(entries)
    fitted = [entry.model for entry in releasable if entry.model is not None]
    of_new_items = evaluate_new_items(prepared, rows, fitted)
    if of_new_items is None:
        return []
    compared = [entry for entry in releasable if entry.recipe.name in of_new_items.figures]
    opponents = [Compared(recipe, "baseline") for recipe in ORDERS_OF_NEW_ITEMS]
    return [EvaluatedWindow(NEW_ITEMS, [*compared, *opponents], of_new_items)]


def _may_be_promoted(gate: EvaluatedWindow, dataset: Dataset) -> bool:
    """Return whether the gate may promote the challenger, and needs the rolling windows for it."""
    figures = {entry.role: headline(gate.evaluation, entry.recipe.name) for entry in gate.entries}
    challenger, champion = figures.get("challenger"), figures.get("champion")
    if challenger is None or champion is None:
        return False
    enough = challenger.n_users >= dataset.floors.min_test_users
    return enough and challenger.value > champion.value


def _releasable(entries: Sequence[EvaluatedRecipe]) -> list[EvaluatedRecipe]:
    return [entry for entry in entries if entry.role != "baseline"]


def _fitted(
    entry: EvaluatedRecipe, fit: Callable[[AnyRecipe | Baseline], Model]
) -> EvaluatedRecipe:
    """Return the recipe with its model, or without one if its fit fails or it is left out.

    If a popularity recipe fails, the task fails: the gate needs its result.
    """
    try:
        model = fit(entry.recipe)
    except TooManyItemsError as error:
        is_baseline = entry.role == "baseline"
        log.warning("%s %s", "left out:" if is_baseline else "failed:", error)
        return replace(entry, most_items=error.most) if is_baseline else entry
    except FIT_FAILURES as error:
        if entry.role == "popularity":
            raise
        log.warning("%s failed: %s", entry.recipe.name, str(error).split("\n", 1)[0])
        return entry
    log.info("fitted %s in %.1f s", entry.recipe.name, model.seconds)
    return replace(entry, model=model)


def main(argv: Sequence[str] | None = None) -> None:
    """Parse the command line, start Spark, run."""
    job = entrypoint.job(entrypoint.parser("evaluate", __doc__).parse_args(argv))
    run(job.warehouse(), job.dataset)


def _user_metrics(rows: Frozen, windows: Sequence[EvaluatedWindow]) -> DataFrame:
    frames = [w.evaluation.user_metrics.withColumn("window", F.lit(w.name)) for w in windows]
    metrics = reduce(DataFrame.unionByName, frames)
    return metrics.join(rows.users().select("user", "user_id"), "user")


def _write(warehouse: Warehouse, table: Table, frame: DataFrame) -> None:
    run_key = warehouse.run_key
    keys = {"retrain_id": F.lit(run_key.retrain_id), "run_key": F.lit(str(run_key))}
    warehouse.append(table, frame.withColumns(keys))


def _model_metrics(window: EvaluatedWindow) -> list[dict[str, Any]]:
    """Return rows of gold.model_metrics; a recipe whose fit failed has the metric `failed`.

    A baseline whose fit failed has no row. One that was left out has the metric `left_out` with its
    largest number of items.
    """
    return [
        {
            "recipe": entry.recipe.name,
            "recipe_json": entry.recipe.model_dump_json(),
            "role": entry.role,
            "window": window.name,
            **asdict(figure),
            "fit_seconds": None if entry.model is None else entry.model.seconds,
        }
        for entry in window.entries
        for figure in window.evaluation.figures.get(entry.recipe.name, _without_model(entry))
    ]


def _without_model(entry: Compared) -> list[Figure]:
    """Return the figures of a recipe that has no model."""
    if entry.most_items is not None:
        return [Figure(WARM, LEFT_OUT, float(entry.most_items), 0)]
    return [] if entry.role == "baseline" else [Figure(WARM, "failed", 1.0, 0)]


def _log(window: EvaluatedWindow) -> None:
    """Log the main metrics as a table: a line per recipe for the warm, then for the cold users."""
    log.info("%s", window.name)
    _log_line("recipe", "role", "users", [f"{metric:>11}" for metric in LOGGED])
    for slice_name in (WARM, COLD):
        for entry in window.entries:
            figures = window.evaluation.figures.get(entry.recipe.name, [])
            values = {figure.metric: figure for figure in figures if figure.slice == slice_name}
            if values:
                role = entry.role if slice_name == WARM else slice_name
                n_users = str(next(iter(values.values())).n_users)
                cells = [f"{values[m].value:11.4f}" if m in values else " " * 11 for m in LOGGED]
                _log_line(entry.recipe.name, role, n_users, cells)


def _log_line(recipe: str, role: str, n_users: str, cells: Sequence[str]) -> None:
    log.info("%-32s %-10s %6s %s", recipe, role, n_users, " ".join(cells))


if __name__ == "__main__":
    entrypoint.run(main)
