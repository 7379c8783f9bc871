"""Judge challenger, champion and popularities on one frozen window.

Each recipe is fitted on the older rows and its lists are scored on the newer ones. A stored score
is never used again: scores of models that saw different rows do not compare.

Run: python -m jobs.evaluate --dataset movielens_1m
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException
from pyspark.sql import functions as F

from jobs import session
from jobs.engine import evaluation, models, people, recipes, windows
from jobs.engine.catalogue import Catalogue
from jobs.engine.errors import EngineError, NothingToLearnError
from jobs.engine.evaluation import Judgement
from jobs.engine.recipes import AnyRecipe
from jobs.errors import JobError
from jobs.frozen import Frozen, frozen
from jobs.handover import nomination
from warehouse import datasets
from warehouse.append import append
from warehouse.datasets import Dataset
from warehouse.delta import Warehouse
from warehouse.errors import WarehouseError
from warehouse.settings import LakeSettings
from warehouse.tables import GOLD_MODEL_METRICS, GOLD_USER_METRICS

log = logging.getLogger(__name__)

GATE = "gate"
SHOWN = ("ndcg@10", "recall@10", "recall@50", "map@10", "hit_rate@10", "coverage@10")
_FAILURES = (NothingToLearnError, PySparkException, Py4JJavaError)


@dataclass(frozen=True)
class Judged:
    """One recipe, what it stands for, and how it did; `judgement` is None where its fit failed."""

    recipe: AnyRecipe
    role: str
    judgement: Judgement | None
    seconds: float | None


def run(warehouse: Warehouse, dataset: Dataset) -> None:
    """Cut the window, fit and judge each recipe, write the metrics. A second run changes nothing.

    Raises:
        NotFrozenError, NotNominatedError: the retrain's earlier tasks have not run.
    """
    if warehouse.written(GOLD_MODEL_METRICS):
        log.info("%s: evaluated before under %s", dataset.name, warehouse.run_key)
        return
    standing = contestants(nomination(warehouse.root, warehouse.run_key), dataset)
    judged = judge_all(frozen(warehouse), dataset, standing)
    _write_users(warehouse, frozen(warehouse), judged)
    append(
        warehouse.root,
        GOLD_MODEL_METRICS,
        _rows(judged, warehouse.run_key),
        run_key=warehouse.run_key,
    )
    _tell(judged)


def contestants(nominated: Mapping[str, Any], dataset: Dataset) -> dict[AnyRecipe, str]:
    """Return each recipe once, with its role: challenger before champion before popularity."""
    roles = dict.fromkeys(recipes.popularities(dataset.scale), "popularity")
    found: dict[AnyRecipe, str] = {recipes.from_json(nominated["challenger"]): "challenger"}
    if nominated["champion"] is not None:
        found.setdefault(recipes.from_json(nominated["champion"]), "champion")
    return found | {recipe: role for recipe, role in roles.items() if recipe not in found}


def judge_all(rows: Frozen, dataset: Dataset, standing: Mapping[AnyRecipe, str]) -> list[Judged]:
    """Return how each recipe does on the window of the gate. Frames are made once."""
    liked = dataset.scale.relevant_from
    window = windows.window(
        rows.events().cache(),
        train_share=dataset.windows.gate_train_share,
        cut=cut_of(dataset),
    ).cached()
    items = rows.items().join(window.training.select("item").distinct(), "item").cache()
    catalogue = Catalogue.of(items)
    groups = people.segments(
        rows.users(), dataset.users.attributes if dataset.users else ()
    ).cached()
    audience = evaluation.audience(window, items, groups, relevant_from=liked)
    known = evaluation.popularity(window.training, catalogue)
    judged = []
    for recipe, role in standing.items():
        try:
            model = models.fit(recipe, window.training, catalogue, groups, relevant_from=liked)
            judgement = evaluation.judge(model, audience, catalogue, known)
            judged.append(Judged(recipe, role, judgement, model.seconds))
            log.info("judged %s, fitted in %.1f s", recipe.name, model.seconds)
        except _FAILURES as error:
            if role == "popularity":
                raise
            log.warning("%s failed: %s", recipe.name, str(error).split("\n", 1)[0])
            judged.append(Judged(recipe, role, None, None))
    return judged


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


def _write_users(warehouse: Warehouse, rows: Frozen, judged: list[Judged]) -> None:
    done = [(one.recipe.name, one.judgement) for one in judged if one.judgement is not None]
    users = rows.users().select("user", "user_id")
    frame = (
        evaluation.together(done)
        .join(users, "user")
        .withColumns(
            {
                "retrain_id": F.lit(session.retrain_id(warehouse.run_key)),
                "window": F.lit(GATE),
                "run_key": F.lit(warehouse.run_key),
            }
        )
    )
    warehouse.append(GOLD_USER_METRICS, frame)


def _rows(judged: list[Judged], run_key: str) -> list[dict[str, Any]]:
    """Return the rows of gold.model_metrics; a recipe whose fit failed has the metric `failed`."""
    return [
        {
            "retrain_id": session.retrain_id(run_key),
            "recipe": one.recipe.name,
            "recipe_json": one.recipe.model_dump_json(),
            "role": one.role,
            "window": GATE,
            "segment": segment,
            "metric": metric,
            "value": value,
            "n_users": n_users,
            "fit_seconds": one.seconds,
            "run_key": run_key,
        }
        for one in judged
        for segment, metric, value, n_users in (
            one.judgement.figures if one.judgement else [("warm", "failed", 1.0, 0)]
        )
    ]


def _tell(judged: list[Judged]) -> None:
    """Log the headline figures as a table, one line per recipe."""
    log.info("%-40s %-10s %6s %s", "recipe", "role", "users", " ".join(f"{m:>11}" for m in SHOWN))
    for one in judged:
        figures = one.judgement.figures if one.judgement else ()
        for segment in (evaluation.WARM, evaluation.COLD):
            found = {metric: (value, n) for s, metric, value, n in figures if s == segment}
            if not found:
                continue
            n_users = next(iter(found.values()))[1]
            cells = " ".join(f"{found[m][0]:>11.4f}" if m in found else f"{'':>11}" for m in SHOWN)
            role = one.role if segment == evaluation.WARM else segment
            log.info("%-40s %-10s %6d %s", one.recipe.name, role, n_users, cells)


if __name__ == "__main__":
    session.run_job(main, EngineError, JobError, WarehouseError)
