"""Fit the chosen recipe on all events and write all served tables; the ledger comes last.

A user's list has no item that they rated or hid, and no item without a title. Users without
usable history have no list of their own: they get a fallback list.

Run: python -m jobs.fit --dataset movielens_1m
"""

import json
import logging
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.engine.catalogue import Catalogue
from jobs.engine.interactions import Meanings
from jobs.engine.judging import windows
from jobs.engine.learning import models, popularity
from jobs.engine.learning.models import Model
from jobs.engine.learning.segments import Segments, known_users
from jobs.engine.recipes import AnyRecipe
from jobs.engine.settled import settled
from jobs.retraining import item_tables
from jobs.retraining.evaluation_windows import segments_of
from jobs.retraining.frozen_tables import Frozen, frozen
from jobs.retraining.handover import Fit, Verdict
from jobs.runtime import entrypoint
from warehouse.append import append
from warehouse.datasets import Dataset
from warehouse.delta import Warehouse
from warehouse.tables import (
    GOLD_CONTENT_WEIGHTS,
    GOLD_FALLBACK_LISTS,
    GOLD_FITS,
    GOLD_ITEM_FACTORS,
    GOLD_PROFILES,
    GOLD_RECOMMENDATIONS,
    GOLD_SIMILAR_ITEMS,
    GOLD_TAKEN_TOGETHER,
)

log = logging.getLogger(__name__)

LIST_LENGTH = 100
N_SIMILAR = 50
N_TOGETHER = 20


@dataclass(frozen=True)
class Learned:
    """A model of all interactions, and the inputs of its lists.

    `ratings` is (user, item, rating, rated_at, positive, kinds), one row per pair, and `users` is
    (user, seen, liked, segment, since), one row per user with a rating. `trending` is the recent
    popularity of each item, by position in the catalogue.
    """

    model: Model
    ratings: DataFrame
    users: DataFrame
    segments: Segments
    trending: NDArray[np.float32]
    n_ratings: int


def run(warehouse: Warehouse, dataset: Dataset) -> None:
    """Fit, write the served tables, then the ledger. A second run changes nothing.

    Raises:
        TaskMissingError: an earlier task of the retrain has not run.
        NothingChosenError: the gate lets nothing be published.
    """
    root, retrain_id = warehouse.root, warehouse.run_key.retrain_id
    if Fit.find(root, retrain_id) is not None:
        log.info("%s: already fitted in %s", dataset.name, retrain_id)
        return
    recipe, verdict = Verdict.to_publish(root, retrain_id)
    rows = frozen(warehouse, dataset)
    learned = learn(rows, dataset, recipe, with_new_items=bool(verdict.new_items))
    model = learned.model
    log.info("fitted %s in %.1f s", recipe.name, model.seconds)
    lists = settled(own_lists(rows, model.lists(learned.users, LIST_LENGTH)))
    n_users = lists.count()
    warehouse.append(GOLD_RECOMMENDATIONS, _with_key(lists, warehouse))
    warehouse.append(GOLD_PROFILES, _with_key(profiles(rows, learned.segments), warehouse))
    _write_item_tables(warehouse, learned, rows.meanings)
    row = {
        "retrain_id": retrain_id,
        "recipe": recipe.name,
        "recipe_json": recipe.model_dump_json(),
        "constants": json.dumps(model.constants | {"has_scale": dataset.has_scale}),
        "code_commit": code_commit(),
        "versions": list(rows.versions.items()),
        "n_users": n_users,
        "n_items": len(model.catalogue),
        "n_ratings": learned.n_ratings,
        "fit_seconds": model.seconds,
        "fitted_at": datetime.now(UTC),
        "run_key": str(warehouse.run_key),
    }
    append(root, GOLD_FITS, [row], run_key=warehouse.run_key)
    log.info("%s: %d lists by %s", dataset.name, n_users, recipe.name)


def learn(
    rows: Frozen, dataset: Dataset, recipe: AnyRecipe, *, with_new_items: bool = False
) -> Learned:
    """Return the recipe's model of all interactions in `rows`, and the users who have some.

    With new items, items without interactions have factors that their content predicts.
    """
    relevant_from, ratings = dataset.scale.relevant_from, rows.ratings().cache()
    items = rows.items().join(ratings.select("item").distinct(), "item")
    segments = segments_of(rows, dataset)
    model = models.fit(recipe, ratings, Catalogue.of(items), segments, relevant_from=relevant_from)
    if with_new_items and model.factors is not None:
        content = rows.content(model.catalogue.index)
        model = models.with_new_items(model, content, ratings, segments)
        log.info("%d new items have factors from their content", content.n_new)
    hidden = windows.hidden(rows.events())
    users = known_users(ratings, hidden, segments, rows.meanings)
    trending = popularity.recent(ratings, popularity.TRENDING_DAYS, model.catalogue)
    return Learned(model, ratings, users, segments, trending, ratings.count())


def own_lists(rows: Frozen, lists: DataFrame) -> DataFrame:
    """Return the personalised, non-empty lists, with the product's user ids."""
    return lists.where("personalised AND size(item_ids) > 0").join(rows.users(), "user")


def profiles(rows: Frozen, segments: Segments) -> DataFrame:
    """Return (user_id, item_ids, ratings, rated_at, segment, acted_ids, …): what each user did.

    Ratings are ordered by time, the newest first; the acts are one entry per item and kind.
    """
    rating = F.struct("rated_at", "item_id", "rating")
    newest_first = F.sort_array(F.collect_list(rating), asc=False)
    rated = rows.rated().groupBy("user_id").agg(newest_first.alias("rated"))
    act = F.struct("item_id", "kind", "amount", "last_at")
    by_user = rows.acts().groupBy("user_id").agg(F.sort_array(F.collect_list(act)).alias("acts"))
    names = F.array(*[F.lit(name) for name in segments.names])
    members = rows.users().join(segments.members, "user").select("user_id", "segment")
    both = rated.join(by_user, "user_id", "full").join(members, "user_id", "left")
    columns = {
        "item_ids": ("rated.item_id", "array<string>"),
        "ratings": ("rated.rating", "array<float>"),
        "rated_at": ("rated.rated_at", "array<timestamp>"),
        "acted_ids": ("acts.item_id", "array<string>"),
        "acted_kinds": ("acts.kind", "array<string>"),
        "amounts": ("acts.amount", "array<float>"),
        "acted_at": ("acts.last_at", "array<timestamp>"),
    }
    return both.select(
        "user_id",
        F.get(names, F.coalesce("segment", F.lit(0))).alias("segment"),
        *[
            F.coalesce(F.col(of).cast(type_name), F.array().cast(type_name)).alias(name)
            for name, (of, type_name) in columns.items()
        ],
    )


def code_commit() -> str:
    """Return the git commit of the running code, or `unknown` outside a checkout."""
    command = ["git", f"--git-dir={Path(__file__).parents[1]}/.git", "rev-parse", "HEAD"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=10)  # noqa: S603 # no argument comes from outside
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return done.stdout.strip()


def main(argv: Sequence[str] | None = None) -> None:
    """Parse the command line, start Spark, run."""
    job = entrypoint.job(entrypoint.parser("fit", __doc__).parse_args(argv))
    run(job.warehouse(), job.dataset)


def _write_item_tables(warehouse: Warehouse, learned: Learned, meanings: Meanings) -> None:
    """Write the tables that are as large as the catalogue, without a Spark job for each."""
    model, spark = learned.model, warehouse.spark
    tables = {
        GOLD_FALLBACK_LISTS: item_tables.fallback_lists(model, learned.segments, LIST_LENGTH),
        GOLD_SIMILAR_ITEMS: item_tables.similar_items(model, N_SIMILAR, spark=spark),
        GOLD_TAKEN_TOGETHER: item_tables.taken_together(
            learned.ratings, meanings, model.catalogue, N_TOGETHER
        ),
        GOLD_ITEM_FACTORS: item_tables.item_factors(model, learned.trending),
        GOLD_CONTENT_WEIGHTS: item_tables.content_weights(model),
    }
    for table, rows in tables.items():
        retrain = pa.repeat(warehouse.run_key.retrain_id, len(rows))
        with_key = rows.append_column("retrain_id", retrain)
        append(warehouse.root, table, with_key, run_key=warehouse.run_key)


def _with_key(frame: DataFrame, warehouse: Warehouse) -> DataFrame:
    return frame.withColumn("retrain_id", F.lit(warehouse.run_key.retrain_id))


if __name__ == "__main__":
    entrypoint.run(main)
