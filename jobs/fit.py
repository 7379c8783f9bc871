"""Fit the chosen recipe on all rows and make everything that is served: the ledger comes last.

A person's list holds nothing that he rated or hid, and no item without a title. People of whom
nothing can be learned get no list of their own: the fallback lists are theirs.

Run: python -m jobs.fit --dataset movielens_1m
"""

import json
import logging
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Unpack

import numpy as np
from numpy.typing import NDArray
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.engine import recipes
from jobs.engine.catalogue import Catalogue
from jobs.engine.errors import EngineError
from jobs.engine.judging import windows
from jobs.engine.learning import models, popularity, segments, similar
from jobs.engine.learning.models import Model
from jobs.engine.learning.segments import Segments
from jobs.engine.recipes import AnyRecipe
from jobs.retraining.frozen_tables import Frozen, frozen
from jobs.retraining.handover import row_of, verdict
from jobs.runtime import entrypoint
from jobs.runtime.entrypoint import Overrides
from jobs.runtime.errors import JobError
from ranking.selection import top_n_by_row
from warehouse.append import append
from warehouse.datasets import Dataset
from warehouse.delta import Warehouse
from warehouse.errors import WarehouseError
from warehouse.tables import (
    GOLD_FALLBACK_LISTS,
    GOLD_FITS,
    GOLD_ITEM_FACTORS,
    GOLD_PROFILES,
    GOLD_RECOMMENDATIONS,
    GOLD_SIMILAR_ITEMS,
)

log = logging.getLogger(__name__)

LENGTH = 100
N_SIMILAR = 50


@dataclass(frozen=True)
class Learned:
    """A model of all ratings, and what scoring needs of everybody who rated.

    `trending` is what is liked lately, by place of the catalogue.
    """

    model: Model
    people: DataFrame
    groups: Segments
    trending: NDArray[np.float32]
    n_ratings: int


def run(warehouse: Warehouse, dataset: Dataset) -> None:
    """Fit, write lists and all that goes with them, then the ledger. A second run changes nothing.

    Raises:
        NotFrozenError, NotDecidedError: the retrain's earlier tasks have not run.
    """
    if row_of(warehouse.root, GOLD_FITS, warehouse.run_key.retrain_id) is not None:
        log.info("%s: fitted before under %s", dataset.name, warehouse.run_key)
        return
    decided = verdict(warehouse.root, warehouse.run_key)
    rows = frozen(warehouse)
    recipe = recipes.parse(decided["recipe_json"])
    learned = learn(rows, dataset, recipe)
    model = learned.model
    log.info("fitted %s in %.1f s", recipe.name, model.seconds)
    n_users = _write_lists(warehouse, rows, model.lists(learned.people, LENGTH))
    warehouse.append(GOLD_PROFILES, _with_fit(profiles(rows, learned.groups), warehouse))
    _write_small(warehouse, learned)
    ledger = {
        "recipe": recipe.name,
        "recipe_json": decided["recipe_json"],
        "constants": json.dumps(model.constants),
        "n_users": n_users,
        "n_items": len(model.catalogue),
        "n_ratings": learned.n_ratings,
        "fit_seconds": model.seconds,
    }
    _write_ledger(warehouse, rows.versions, ledger)
    log.info("%s: %d lists by %s", dataset.name, n_users, recipe.name)


def learn(rows: Frozen, dataset: Dataset, recipe: AnyRecipe) -> Learned:
    """Return what the recipe makes of all ratings that `rows` hold, and everybody who rated."""
    liked, ratings = dataset.scale.relevant_from, rows.ratings().cache()
    items = rows.items().join(ratings.select("item").distinct(), "item")
    attributes = dataset.users.attributes if dataset.users else ()
    groups = segments.segments(rows.users(), attributes).cached()
    model = models.fit(recipe, ratings, Catalogue.of(items), groups, relevant_from=liked)
    hidden = windows.hidden(rows.events())
    everybody = segments.known_users(ratings, hidden, groups, relevant_from=liked)
    lately = popularity.trending(ratings, model.catalogue, relevant_from=liked)
    return Learned(model, everybody, groups, lately, ratings.count())


def profiles(rows: Frozen, groups: Segments) -> DataFrame:
    """Return (user_id, item_ids, ratings, rated_at, segment): what each rated, newest first."""
    one = F.struct("rated_at", "item_id", "rating")
    newest_first = F.sort_array(F.collect_list(one), asc=False)
    grouped = rows.rated().groupBy("user_id").agg(newest_first.alias("rated"))
    names = F.array(*[F.lit(name) for name in groups.names])
    numbers = rows.users().join(groups.members, "user").select("user_id", "segment")
    return grouped.join(numbers, "user_id", "left").select(
        "user_id",
        F.col("rated.item_id").alias("item_ids"),
        F.col("rated.rating").alias("ratings"),
        F.col("rated.rated_at").alias("rated_at"),
        F.get(names, F.coalesce("segment", F.lit(0))).alias("segment"),
    )


def fallback_lists(model: Model, groups: Segments, n: int) -> list[dict[str, Any]]:
    """Return the most popular items of everybody (segment '') and of each segment."""
    scores = model.fallback.by_segment
    return [
        _listed(model.catalogue, scores[at], places) | {"segment": groups.names[at]}
        for at, places in enumerate(top_n_by_row(scores, n))
    ]


def similar_items(model: Model, n: int) -> list[dict[str, Any]]:
    """Return for each item those most like it: by factors, or by category where there are none.

    Priors say nothing of likeness and are left out.
    """
    catalogue = model.catalogue
    if model.factors is not None:
        factors = catalogue.by_position(model.factors.items, model.factors.matrix)
        found = similar.by_factors(catalogue, factors, n)
    else:
        found = similar.by_category(catalogue, model.fallback.by_segment[0], n)
    return [
        {"item_id": item_id, "item_ids": [i for i, _ in alike], "scores": [s for _, s in alike]}
        for item_id, alike in found.items()
    ]


def item_factors(model: Model, trending: NDArray[np.float32]) -> list[dict[str, Any]]:
    """Return what the fit learned of each item that it has seen.

    Factors are laid out as `jobs.engine.learning.models` says. A popularity has none: its rows are
    empty.
    """
    catalogue, rows = model.catalogue, model.item_rows
    everybody = model.fallback.by_segment[0]
    seen = catalogue.index if model.factors is None else model.factors.items
    return [
        {
            "item_id": catalogue.ids[place],
            "factors": rows[place].tolist(),
            "popularity": float(everybody[place]),
            "trending": float(trending[place]),
        }
        for place in catalogue.positions(seen)
    ]


def main(argv: Sequence[str] | None = None, **overrides: Unpack[Overrides]) -> int:
    """Parse the command line, start Spark, run."""
    job = entrypoint.job(entrypoint.parser("fit", __doc__).parse_args(argv), **overrides)
    run(job.warehouse(), job.dataset)
    return 0


def own_lists(rows: Frozen, listed: DataFrame) -> DataFrame:
    """Return the lists that are people's own and hold anything, under the product's user ids."""
    return listed.where("personalised AND size(item_ids) > 0").join(rows.users(), "user")


def _write_lists(warehouse: Warehouse, rows: Frozen, listed: DataFrame) -> int:
    """Write the lists that are people's own; return how many there are."""
    own = own_lists(rows, listed).localCheckpoint()
    warehouse.append(GOLD_RECOMMENDATIONS, _with_fit(own, warehouse))
    return own.count()


def _write_small(warehouse: Warehouse, learned: Learned) -> None:
    """Write what is as large as the catalogue, from here: quicker than a Spark job each."""
    model = learned.model
    small = {
        GOLD_FALLBACK_LISTS: fallback_lists(model, learned.groups, LENGTH),
        GOLD_SIMILAR_ITEMS: similar_items(model, N_SIMILAR),
        GOLD_ITEM_FACTORS: item_factors(model, learned.trending),
    }
    fit = {"retrain_id": warehouse.run_key.retrain_id}
    for table, rows in small.items():
        append(warehouse.root, table, [fit | row for row in rows], run_key=warehouse.run_key)


def _write_ledger(
    warehouse: Warehouse, versions: Mapping[str, int], ledger: dict[str, Any]
) -> None:
    row = ledger | {
        "retrain_id": warehouse.run_key.retrain_id,
        "code_commit": code_commit(),
        "versions": list(versions.items()),
        "fitted_at": datetime.now(UTC),
        "run_key": str(warehouse.run_key),
    }
    append(warehouse.root, GOLD_FITS, [row], run_key=warehouse.run_key)


def code_commit() -> str:
    """Return the commit of the checkout that runs, or `unknown` outside one."""
    here = Path(__file__).parents[1]
    if not (here / ".git").exists():
        return "unknown"
    asked = ["git", "-C", str(here), "rev-parse", "HEAD"]  # git is on the PATH or not there
    try:
        found = subprocess.run(asked, capture_output=True, text=True, check=True, timeout=10)  # noqa: S603 # nothing of it comes from outside
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return found.stdout.strip()


def _with_fit(frame: DataFrame, warehouse: Warehouse) -> DataFrame:
    return frame.withColumn("retrain_id", F.lit(warehouse.run_key.retrain_id))


def _listed(catalogue: Catalogue, scores: np.ndarray, places: np.ndarray) -> dict[str, Any]:
    return {"item_ids": catalogue.ids[places].tolist(), "scores": scores[places].tolist()}


if __name__ == "__main__":
    entrypoint.run(main, EngineError, JobError, WarehouseError)
