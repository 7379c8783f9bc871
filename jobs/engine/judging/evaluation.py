"""Evaluation: the users of a window's test rows, and how well a model's lists serve them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np
from numpy.typing import NDArray
from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException
from pyspark.sql import Column, DataFrame
from pyspark.sql import Window as By
from pyspark.sql import functions as F

from jobs.engine.catalogue import Catalogue
from jobs.engine.errors import EngineError
from jobs.engine.judging import metrics
from jobs.engine.judging.windows import Window
from jobs.engine.learning.models import Model
from jobs.engine.learning.segments import Segments, known_users, unknown_users
from warehouse.tables.vocabulary import ACTIVITY_SLICES, COLD, NEWEST_THIRD, WARM

LENGTH = 50  # of an evaluated list
FAILURES = (EngineError, PySparkException, Py4JJavaError, np.linalg.LinAlgError)  # of a fit
N_EXAMPLES = 3
MIN_RELEVANT = 3  # example users with at least this many relevant items are preferred
_LIST_TASKS = 4


@dataclass(frozen=True)
class EvaluationUsers:
    """The users of an evaluation: what scoring needs of them, and what they found relevant."""

    inputs: DataFrame  # (user, seen, liked, segment)
    relevant: DataFrame  # (user, relevant, slices)


@dataclass(frozen=True, slots=True)
class Score:
    """The mean NDCG@10 of `n_users` users; NaN if there are none."""

    value: float
    n_users: int


@dataclass(frozen=True, slots=True)
class Figure:
    """The mean of a metric over the users of a slice, or a metric of all their lists together."""

    slice: str
    metric: str
    value: float
    n_users: int


@dataclass(frozen=True)
class Evaluation:
    """The metrics of models, by recipe name."""

    user_metrics: DataFrame  # (recipe, user, slices, metric, value)
    lists: DataFrame  # (recipe, user, item_ids, diversity)
    figures: Mapping[str, list[Figure]]


def evaluation_users(
    window: Window, items: DataFrame, segments: Segments, *, relevant_from: float
) -> EvaluationUsers:
    """Return all users with a relevant item in the window's test rows.

    Relevant are items of the training rows that the test rows rate `relevant_from` or more.
    Users with training rows are in the slice `warm`, in one of `active_low`, `active_mid` and
    `active_high` (terciles of the number of seen items) and, if their first rating is among the
    newest third, in `newest_third`. All others are in the slice `cold`.

    Args:
        window: both sides of the cut.
        items: (item, item_id) of the training rows, in the catalogue.
        segments: groups of users.
        relevant_from: the manifest's.
    """
    positive = window.test.where(F.col("rating") >= relevant_from)
    relevant = (
        positive.join(F.broadcast(items.select("item", "item_id")), "item")
        .groupBy("user")
        .agg(F.collect_list("item_id").alias("relevant"))
        .localCheckpoint()
    )
    users = F.broadcast(relevant.select("user"))
    inputs = known_users(
        window.training.join(users, "user", "left_semi"),
        window.hidden.join(users, "user", "left_semi"),
        segments,
        relevant_from=relevant_from,
    )
    warm = relevant.join(inputs, "user").localCheckpoint()
    cold = relevant.join(warm.select("user"), "user", "left_anti")
    warm_inputs = warm.select("user", "seen", "liked", "segment")
    warm_relevant = warm.select("user", "relevant", _slices(warm).alias("slices"))
    cold_relevant = cold.select("user", "relevant", F.array(F.lit(COLD)).alias("slices"))
    return EvaluationUsers(
        inputs=warm_inputs.union(unknown_users(cold)).localCheckpoint(),
        relevant=warm_relevant.union(cold_relevant).localCheckpoint(),
    )


def evaluate(
    models: Sequence[Model],
    users: EvaluationUsers,
    catalogue: Catalogue,
    rated_share: NDArray[np.float64],
) -> Evaluation:
    """Return the metrics of the models' lists, all in one pass.

    Metrics of all lists together are those of the warm users. `rated_share` is, by position, the
    share of users who rated the item.
    """
    by_model = [_lists(model, users) for model in models]
    lists = reduce(DataFrame.unionByName, by_model).coalesce(_LIST_TASKS).localCheckpoint()
    per_user = metrics.per_user(lists, users.relevant).localCheckpoint()
    means = _means(per_user)
    warm = lists.join(users.relevant.where(_in_slice(WARM)).select("user"), "user", "left_semi")
    of_catalogue = metrics.of_catalogue(warm, catalogue, rated_share)
    figures = {}
    for model in models:
        name = model.recipe.name
        of_slices = means.get(name, [])
        n = next((figure.n_users for figure in of_slices if figure.slice == WARM), 0)
        of_lists = of_catalogue.get(name, {}) | {"not_finite": model.n_not_finite}
        figures[name] = of_slices + [
            Figure(WARM, metric, float(value), n) for metric, value in of_lists.items()
        ]
    return Evaluation(_one_row_per_metric(per_user), lists, figures)


def sample(users: EvaluationUsers, n: int, *, seed: int) -> EvaluationUsers:
    """Return at most `n` of the warm users, drawn by the seed."""
    warm = users.relevant.where(_in_slice(WARM))
    drawn = warm.orderBy(F.xxhash64(F.lit(seed), "user"), "user").limit(n)
    relevant = drawn.coalesce(1).localCheckpoint()
    inputs = users.inputs.join(F.broadcast(relevant.select("user")), "user", "left_semi")
    return EvaluationUsers(inputs.coalesce(_LIST_TASKS).localCheckpoint(), relevant)


def examples(users: EvaluationUsers, *, seed: int) -> DataFrame:
    """Return (user, relevant, slices) of three warm users by the seed, one per activity tercile.

    Users with `MIN_RELEVANT` relevant items are preferred: a list with at most one hit shows
    little. If all users are equally active, all three are from one tercile.
    """
    tercile = F.filter("slices", lambda name: name.startswith("active_"))[0]
    order = [F.size("relevant") < MIN_RELEVANT, F.xxhash64(F.lit(seed), "user"), F.col("user")]
    nth = F.row_number().over(By.partitionBy(tercile).orderBy(*order))
    warm = users.relevant.where(_in_slice(WARM)).withColumn("nth", nth)
    first = warm.orderBy("nth", tercile).limit(N_EXAMPLES)
    return first.drop("nth").localCheckpoint()


def rated_share(ratings: DataFrame, catalogue: Catalogue) -> NDArray[np.float64]:
    """Return, by position, the share of the users in `ratings` (user, item) who rated the item.

    An item without ratings counts as rated by one user.
    """
    n_users = ratings.select("user").distinct().count()
    rows = ratings.groupBy("item").count().toArrow()
    counts = catalogue.by_position(
        rows["item"].to_numpy().astype(np.int32), rows["count"].to_numpy().astype(np.float32)
    )
    return np.maximum(counts.astype(np.float64), 1) / max(n_users, 1)


def _lists(model: Model, users: EvaluationUsers) -> DataFrame:
    lists = model.lists(users.inputs, LENGTH).select("user", "item_ids", "diversity")
    return lists.withColumn("recipe", F.lit(model.recipe.name))


def _means(per_user: DataFrame) -> dict[str, list[Figure]]:
    names = (*metrics.PER_USER, metrics.DIVERSITY)
    means = [F.avg(f"`{name}`").alias(name) for name in names]
    by_slice = per_user.withColumn("slice", F.explode("slices"))
    grouped = by_slice.groupBy("recipe", "slice").agg(F.count("*").alias("n"), *means)
    figures: dict[str, list[Figure]] = {}
    for row in sorted(grouped.collect()):
        figures.setdefault(row["recipe"], []).extend(
            Figure(row["slice"], name, row[name], row["n"])
            for name in names
            if row[name] is not None
        )
    return figures


def _one_row_per_metric(per_user: DataFrame) -> DataFrame:
    pairs = [
        F.struct(F.lit(name).alias("metric"), F.col(f"`{name}`").alias("value"))
        for name in metrics.PER_USER
    ]
    rows = per_user.select("recipe", "user", "slices", F.explode(F.array(*pairs)).alias("pair"))
    return rows.select("recipe", "user", "slices", "pair.metric", "pair.value")


def _slices(warm: DataFrame) -> Column:
    """Return the slices of a warm user; users with equal values are in the same slices."""
    activity, since = F.size("seen"), F.unix_micros("since")
    thirds = [F.percentile(column, [1 / 3, 2 / 3]) for column in (activity, since)]
    row = warm.agg(*thirds).first()
    (low, high), (_, newest) = (row[0], row[1]) if row and row[0] else ((0, 0), (0, 0))
    active = (
        F.when(activity <= low, ACTIVITY_SLICES[0])
        .when(activity <= high, ACTIVITY_SLICES[1])
        .otherwise(ACTIVITY_SLICES[2])
    )
    newest_third = F.when(since > newest, F.lit(NEWEST_THIRD))
    return F.array_compact(F.array(F.lit(WARM), active, newest_third))


def _in_slice(name: str) -> Column:
    return F.array_contains("slices", name)
