"""Judge challenger, champion and popularities on one frozen window.

Each recipe is fitted on the older rows and its lists are scored on the newer ones. A stored score
is never used again: scores of models that saw different rows do not compare.

Run: python -m jobs.evaluate --dataset movielens_1m
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException
from pyspark.sql import functions as F

from jobs import session
from jobs.engine import evaluation, models, people, recipes, windows
from jobs.engine.catalogue import Catalogue
from jobs.engine.errors import EngineError, NothingToLearnError
from jobs.engine.evaluation import COLD, WARM, Figure, Judgement
from jobs.engine.models import Model
from jobs.engine.recipes import AnyRecipe
from jobs.engine.windows import Window
from jobs.errors import JobError
from jobs.frozen import Frozen, frozen
from jobs.handover import nomination
from warehouse import datasets
from warehouse.append import append
from warehouse.datasets import Dataset
from warehouse.delta import Warehouse
from warehouse.errors import WarehouseError
from warehouse.settings import LakeSettings
from warehouse.tables import GOLD_MODEL_METRICS, GOLD_USER_METRICS, SILVER_EVENTS

log = logging.getLogger(__name__)

GATE = "gate"
SHOWN = ("ndcg@10", "recall@10", "recall@50", "map@10", "hit_rate@10", "coverage@10")
_FAILURES = (NothingToLearnError, PySparkException, Py4JJavaError)


@dataclass(frozen=True)
class Standing:
    """One recipe, what it stands for, and its model; None where its fit failed."""

    recipe: AnyRecipe
    role: str
    model: Model | None = None


def run(warehouse: Warehouse, dataset: Dataset) -> None:
    """Cut the window, fit and judge each recipe, write the metrics. A second run changes nothing.

    Raises:
        NotFrozenError, NotNominatedError: the retrain's earlier tasks have not run.
    """
    if warehouse.written(GOLD_MODEL_METRICS):
        log.info("%s: evaluated before under %s", dataset.name, warehouse.run_key)
        return
    standing = contestants(nomination(warehouse.root, warehouse.run_key), dataset)
    rows = frozen(warehouse)
    fitted, judgement = judged(rows, dataset, standing, gate_window(rows, dataset))
    _write_users(warehouse, rows, judgement)
    metrics = _rows(fitted, judgement, warehouse.run_key)
    append(warehouse.root, GOLD_MODEL_METRICS, metrics, run_key=warehouse.run_key)
    _tell(fitted, judgement)


def contestants(nominated: Mapping[str, Any], dataset: Dataset) -> list[Standing]:
    """Return each recipe once, with its role: challenger before champion before popularity."""
    found: dict[AnyRecipe, str] = {recipes.from_json(nominated["challenger"]): "challenger"}
    if nominated["champion"] is not None:
        found.setdefault(recipes.from_json(nominated["champion"]), "champion")
    for recipe in recipes.popularities(dataset.scale, dataset.windows.half_life_days):
        found.setdefault(recipe, "popularity")
    return [Standing(recipe, role) for recipe, role in found.items()]


def gate_window(rows: Frozen, dataset: Dataset) -> Window:
    """Return the window of the gate: the data set's newest rows are its test rows."""
    share = dataset.windows.gate_train_share
    older = windows.older_side(rows.table(SILVER_EVENTS), share=share, cut=cut_of(dataset))
    return windows.window(rows.events(), older)


def judged(
    rows: Frozen, dataset: Dataset, standing: Sequence[Standing], window: Window
) -> tuple[list[Standing], Judgement]:
    """Return the fitted recipes, and how each did on the window."""
    liked, window = dataset.scale.relevant_from, window.cached()
    training = window.training.cache()
    items = rows.items().join(training.select("item").distinct(), "item").cache()
    catalogue = Catalogue.of(items)
    attributes = dataset.users.attributes if dataset.users else ()
    groups = people.segments(rows.users(), attributes).cached()
    audience = evaluation.audience(window, items, groups, relevant_from=liked)
    fitted = [
        _fitted(
            one, lambda recipe: models.fit(recipe, training, catalogue, groups, relevant_from=liked)
        )
        for one in standing
    ]
    sound = [one.model for one in fitted if one.model is not None]
    known = evaluation.popularity(training, catalogue)
    return fitted, evaluation.judge(sound, audience, catalogue, known)


def _fitted(one: Standing, fit: Callable[[AnyRecipe], Model]) -> Standing:
    """Return the contestant with its model; a challenger or champion that fails has none."""
    try:
        model = fit(one.recipe)
    except _FAILURES as error:
        if one.role == "popularity":
            raise
        log.warning("%s failed: %s", one.recipe.name, str(error).split("\n", 1)[0])
        return one
    log.info("fitted %s in %.1f s", one.recipe.name, model.seconds)
    return replace(one, model=model)


def cut_of(dataset: Dataset) -> windows.Cut:
    """Return how the data set's rows are cut: by time where it has times."""
    return "time" if dataset.ratings.time is not None else dataset.windows.without_time


def main(argv: Sequence[str] | None = None) -> int:
    """Parse the command line, start Spark, run."""
    args = session.parser(__doc__, "evaluate").parse_args(argv)
    dataset = datasets.named(args.dataset)
    root = LakeSettings().of(dataset.name)  # type: ignore[call-arg] # from the environment
    run(Warehouse(session.start("evaluate"), root, run_key=args.run_key), dataset)
    return 0


def _write_users(warehouse: Warehouse, rows: Frozen, judgement: Judgement) -> None:
    users = rows.users().select("user", "user_id")
    frame = judgement.users.join(users, "user").withColumns(
        {
            "retrain_id": F.lit(session.retrain_id(warehouse.run_key)),
            "window": F.lit(GATE),
            "run_key": F.lit(warehouse.run_key),
        }
    )
    warehouse.append(GOLD_USER_METRICS, frame)


def _rows(fitted: list[Standing], judgement: Judgement, run_key: str) -> list[dict[str, Any]]:
    """Return the rows of gold.model_metrics; a recipe whose fit failed has the metric `failed`."""
    failed = [Figure(WARM, "failed", 1.0, 0)]
    return [
        {
            "retrain_id": session.retrain_id(run_key),
            "recipe": one.recipe.name,
            "recipe_json": one.recipe.model_dump_json(),
            "role": one.role,
            "window": GATE,
            **asdict(figure),
            "fit_seconds": None if one.model is None else one.model.seconds,
            "run_key": run_key,
        }
        for one in fitted
        for figure in judgement.figures.get(one.recipe.name, failed)
    ]


def _tell(fitted: list[Standing], judgement: Judgement) -> None:
    """Log the headline figures as a table, a line for the warm and one for the cold users."""
    log.info("%-32s %-10s %6s %s", "recipe", "role", "users", " ".join(f"{m:>11}" for m in SHOWN))
    for segment in (WARM, COLD):
        for one in fitted:
            figures = judgement.figures.get(one.recipe.name, [])
            found = {each.metric: each for each in figures if each.segment == segment}
            if found:
                cells = [f"{found[m].value:11.4f}" if m in found else " " * 11 for m in SHOWN]
                role = one.role if segment == WARM else segment
                n_users = next(iter(found.values())).n_users
                log.info("%-32s %-10s %6d %s", one.recipe.name, role, n_users, " ".join(cells))


if __name__ == "__main__":
    session.run_job(main, EngineError, JobError, WarehouseError)
