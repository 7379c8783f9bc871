"""Evaluation: the users of a window's test rows, and the metrics of models' lists for them."""

import logging
from collections import defaultdict
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
from jobs.engine.settled import settled
from warehouse.tables.vocabulary import ACTIVITY_SLICES, COLD, HEADLINE, NEWEST_THIRD, WARM

log = logging.getLogger(__name__)

FIT_FAILURES = (EngineError, PySparkException, Py4JJavaError, np.linalg.LinAlgError)
_LIST_LENGTH = 50
_TASKS_PER_CORE = 2
# More users would hardly narrow the intervals, and `decide` has a value per user in memory.
MAX_USERS = 200_000
_N_EXAMPLES = 3
_SAMPLE_SEED = 1
_MIN_RELEVANT = 3  # of a preferred example user


@dataclass(frozen=True)
class EvaluationUsers:
    """The users of an evaluation: the inputs of scoring, and the relevant items."""

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


def evaluation_users(window: Window, items: DataFrame, segments: Segments) -> EvaluationUsers:
    """Return the users with a relevant item in the window's test rows.

    Of more than `MAX_USERS`, it is a random sample of about that many, always the same.

    An item is relevant if it is among `items` (item, item_id), which are those of the training
    rows, and one of the user's test rows of it is positive. Users with training rows are in the
    slice `warm`, in one of `active_low`, `active_mid` and `active_high` (terciles of the number of
    interactions) and, if their first interaction is among the newest third, in `newest_third`. All
    others are in `cold`.
    """
    with_relevant = (
        window.test.where("positive")
        .join(F.broadcast(items.select("item", "item_id")), "item")
        .groupBy("user")
        .agg(F.collect_list("item_id").alias("relevant"))
    )
    relevant = bounded(settled(with_relevant))
    users = F.broadcast(relevant.select("user"))
    inputs = known_users(
        window.training.join(users, "user", "left_semi"),
        window.hidden.join(users, "user", "left_semi"),
        segments,
        window.meanings,
    )
    warm = settled(relevant.join(inputs, "user"))
    cold = relevant.join(warm.select("user"), "user", "left_anti")
    warm_inputs = warm.select("user", "seen", "liked", "segment")
    warm_relevant = warm.select("user", "relevant", _slices(warm).alias("slices"))
    cold_relevant = cold.select("user", "relevant", F.array(F.lit(COLD)).alias("slices"))
    return EvaluationUsers(
        inputs=settled(warm_inputs.union(unknown_users(cold))),
        relevant=settled(warm_relevant.union(cold_relevant)),
    )


def bounded(users: DataFrame) -> DataFrame:
    """Return the users (user, …), or about `MAX_USERS` of them if there are more, by a hash."""
    n_users = users.count()
    if n_users <= MAX_USERS:
        return users
    log.info("evaluating about %d of %d users", MAX_USERS, n_users)
    in_sample = F.pmod(F.xxhash64(F.lit(_SAMPLE_SEED), "user"), F.lit(n_users)) < MAX_USERS
    return settled(users.where(in_sample))


def evaluate(
    models: Sequence[Model],
    users: EvaluationUsers,
    catalogue: Catalogue,
    rated_share: NDArray[np.float64],
) -> Evaluation:
    """Return the metrics of the models' lists, all in one pass.

    Metrics of all lists together, such as coverage, are those of warm users. `rated_share` is what
    the function of this name returns.
    """
    lists = lists_of({model.recipe.name: model for model in models}, users)
    per_user = settled(metrics.per_user(lists, users.relevant))
    means_by_recipe = means(per_user)
    warm = lists.join(users.relevant.where(_in_slice(WARM)).select("user"), "user", "left_semi")
    of_catalogue = metrics.of_catalogue(warm, catalogue, rated_share)
    figures = {}
    for model in models:
        name = model.recipe.name
        of_users = means_by_recipe.get(name, [])
        n_warm = next((figure.n_users for figure in of_users if figure.slice == WARM), 0)
        values = of_catalogue.get(name, {}) | {"not_finite": model.n_not_finite}
        of_lists = [Figure(WARM, metric, float(x), n_warm) for metric, x in values.items()]
        figures[name] = of_users + of_lists
    return Evaluation(headline_values(per_user), lists, figures)


def lists_of(models: Mapping[str, Model], users: EvaluationUsers) -> DataFrame:
    """Return (recipe, user, item_ids, diversity): each model's lists. `recipe` is its key there."""
    by_model = [
        model.lists(users.inputs, _LIST_LENGTH)
        .select("user", "item_ids", "diversity")
        .withColumn("recipe", F.lit(name))
        for name, model in models.items()
    ]
    lists = reduce(DataFrame.unionByName, by_model)
    return settled(lists.coalesce(_n_tasks(users.inputs)))


def headline_values(per_user: DataFrame) -> DataFrame:
    """Return (recipe, user, slices, metric, value): the headline metric of each user.

    `per_user` is what `metrics.per_user` returns.
    """
    return per_user.unpivot(["recipe", "user", "slices"], [HEADLINE], "metric", "value")


def sample(
    users: EvaluationUsers, n: int, *, seed: int, with_cold: bool = False
) -> EvaluationUsers:
    """Return at most `n` warm users: a random sample that depends on the seed only.

    `with_cold` draws from all users.
    """
    candidates = users.relevant if with_cold else users.relevant.where(_in_slice(WARM))
    drawn = candidates.orderBy(F.xxhash64(F.lit(seed), "user"), "user").limit(n)
    relevant = settled(drawn.coalesce(1))
    inputs = users.inputs.join(F.broadcast(relevant.select("user")), "user", "left_semi")
    return EvaluationUsers(settled(inputs.coalesce(_n_tasks(users.inputs))), relevant)


def examples(users: EvaluationUsers, *, seed: int) -> DataFrame:
    """Return (user, relevant, slices) of three random warm users, one per activity tercile.

    Users with three relevant items are preferred, as a list with at most one hit shows little. If
    all users are equally active, all three are from one tercile.
    """
    tercile = F.filter("slices", lambda name: name.startswith("active_"))[0]
    order = [F.size("relevant") < _MIN_RELEVANT, F.xxhash64(F.lit(seed), "user"), F.col("user")]
    nth = F.row_number().over(By.partitionBy(tercile).orderBy(*order))
    warm = users.relevant.where(_in_slice(WARM)).withColumn("nth", nth)
    first = warm.orderBy("nth", tercile).limit(_N_EXAMPLES)
    return settled(first.drop("nth"))


def rated_share(ratings: DataFrame, catalogue: Catalogue) -> NDArray[np.float64]:
    """Return, by position, the share of users in `ratings` who rated the item: at least one."""
    n_users = ratings.select("user").distinct().count()
    rows = ratings.groupBy("item").count().toArrow()
    counts = catalogue.by_position(
        rows["item"].to_numpy().astype(np.int32), rows["count"].to_numpy().astype(np.float32)
    )
    return np.maximum(counts.astype(np.float64), 1) / max(n_users, 1)


def means(per_user: DataFrame) -> dict[str, list[Figure]]:
    """Return the mean metrics of each slice, by recipe.

    `per_user` is what `metrics.per_user` returns.
    """
    names = (*metrics.PER_USER, metrics.DIVERSITY)
    averages = [F.avg(f"`{name}`").alias(name) for name in names]
    by_slice = per_user.withColumn("slice", F.explode("slices"))
    grouped = by_slice.groupBy("recipe", "slice").agg(F.count("*").alias("n"), *averages)
    figures: dict[str, list[Figure]] = defaultdict(list)
    for row in sorted(grouped.collect()):
        present = [name for name in names if row[name] is not None]
        figures[row["recipe"]] += [Figure(row["slice"], x, row[x], row["n"]) for x in present]
    return figures


def _slices(warm: DataFrame) -> Column:
    """Return the slices of a warm user; users with equal values are in the same slices."""
    activity, since = F.col("activity"), F.unix_micros("since")
    thirds = [F.percentile(column, [1 / 3, 2 / 3]) for column in (activity, since)]
    row = warm.agg(*thirds).first()
    (low, high), (_, newest) = (row[0], row[1]) if row and row[0] else ((0, 0), (0, 0))
    least, middle, most = ACTIVITY_SLICES
    active = F.when(activity <= low, least).when(activity <= high, middle).otherwise(most)
    newest_third = F.when(since > newest, F.lit(NEWEST_THIRD))
    return F.array_compact(F.array(F.lit(WARM), active, newest_third))


def _n_tasks(users: DataFrame) -> int:
    """Return in how many tasks the lists of users are made: enough for all partitions and cores.

    Without this bound each model would add as many tasks as the users have partitions, and each
    task loads its model.
    """
    n_cores = users.sparkSession.sparkContext.defaultParallelism
    return max(users.rdd.getNumPartitions(), _TASKS_PER_CORE * n_cores)


def _in_slice(name: str) -> Column:
    return F.array_contains("slices", name)
