"""Judging: the people of a window's test rows, and how a model's lists serve them."""

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
from jobs.engine.learning import segments
from jobs.engine.learning.models import Model
from jobs.engine.learning.segments import Segments
from warehouse.tables.vocabulary import ACTIVITY_SLICES, COLD, NEWEST_THIRD, WARM

LONGEST = 50
FAILURES = (EngineError, PySparkException, Py4JJavaError, np.linalg.LinAlgError)  # of a fit
N_EXAMPLES = 3
TELLING = 3  # wanted items
_AT_ONCE = 4  # tasks that make lists


@dataclass(frozen=True)
class EvaluationUsers:
    """Who is judged. `wanted` is (user, wanted, slices), `inputs` what scoring needs of each."""

    inputs: DataFrame
    wanted: DataFrame


@dataclass(frozen=True, slots=True)
class Score:
    """The mean NDCG@10 of so many people; no number where there is nobody."""

    value: float
    n_users: int


@dataclass(frozen=True, slots=True)
class Figure:
    """The mean of a metric over a slice's users, or what their lists show of the catalogue."""

    slice: str
    metric: str
    value: float
    n_users: int


@dataclass(frozen=True)
class Evaluation:
    """How models did, by recipe name: a row per user and metric, and the figures of slices."""

    user_metrics: DataFrame  # (recipe, user, slices, metric, value)
    lists: DataFrame  # (recipe, user, item_ids, diversity)
    figures: Mapping[str, list[Figure]]


def evaluation_users(
    window: Window, items: DataFrame, groups: Segments, *, relevant_from: float
) -> EvaluationUsers:
    """Return everybody with a relevant item in the window's test rows.

    Relevant are ratings of `relevant_from` or more of items that the training rows hold. Who is in
    the training rows is warm, and of the `active` tercile of his number of ratings; the newest
    third of them is a slice too. All others are cold.

    Args:
        window: both sides of the cut.
        items: (item, item_id) of the training rows, in the catalogue.
        groups: segments of people.
        relevant_from: the manifest's.
    """
    liked = window.test.where(F.col("rating") >= relevant_from)
    wanted = (
        liked.join(F.broadcast(items.select("item", "item_id")), "item")
        .groupBy("user")
        .agg(F.collect_list("item_id").alias("wanted"))
        .localCheckpoint()
    )
    theirs = wanted.select("user")
    known = segments.known_users(
        window.training.join(F.broadcast(theirs), "user", "left_semi"),
        window.hidden.join(F.broadcast(theirs), "user", "left_semi"),
        groups,
        relevant_from=relevant_from,
    )
    warm = wanted.join(known, "user").localCheckpoint()
    cold = wanted.join(warm.select("user"), "user", "left_anti")
    tagged = warm.select("user", "wanted", _tags(warm).alias("slices"))
    strangers = cold.select("user", "wanted", F.array(F.lit(COLD)).alias("slices"))
    return EvaluationUsers(
        inputs=warm.select("user", "seen", "liked", "segment")
        .union(segments.unknown_users(cold))
        .localCheckpoint(),
        wanted=tagged.union(strangers).localCheckpoint(),
    )


def evaluate(
    fitted: Sequence[Model],
    users: EvaluationUsers,
    catalogue: Catalogue,
    known: NDArray[np.float64],
) -> Evaluation:
    """Return how the models' lists serve the users, all of them in one pass.

    Figures of the catalogue are those of the warm users' lists. `known` is, by place, the share of
    people who rated the item.
    """
    each = [_lists(model, users) for model in fitted]
    lists = reduce(DataFrame.unionByName, each).coalesce(_AT_ONCE).localCheckpoint()
    scored = metrics.per_user(lists, users.wanted).localCheckpoint()
    means = _means(scored)
    warm = lists.join(users.wanted.where(_in(WARM)).select("user"), "user", "left_semi")
    shown = metrics.of_catalogue(warm, catalogue, known)
    figures = {}
    for model in fitted:
        name = model.recipe.name
        mine = means.get(name, [])
        n = next((figure.n_users for figure in mine if figure.slice == WARM), 0)
        found = shown.get(name, {}) | {"judged": n, "not_finite": model.n_not_finite}
        whole = [Figure(WARM, metric, float(value), n) for metric, value in found.items()]
        figures[name] = mine + whole
    return Evaluation(_long(scored), lists, figures)


def sample(users: EvaluationUsers, n: int, *, seed: int) -> EvaluationUsers:
    """Return at most `n` of the warm people, drawn by the seed: for scores while searching."""
    warm = users.wanted.where(_in(WARM))
    drawn = warm.orderBy(F.xxhash64(F.lit(seed), "user"), "user").limit(n)
    wanted = drawn.coalesce(1).localCheckpoint()
    mine = users.inputs.join(F.broadcast(wanted.select("user")), "user", "left_semi")
    return EvaluationUsers(inputs=mine.coalesce(_AT_ONCE).localCheckpoint(), wanted=wanted)


def examples(users: EvaluationUsers, *, seed: int) -> DataFrame:
    """Return (user, wanted, slices) of three warm people, by the seed: of each activity tercile.

    Who wants a few things is preferred: a list with one hit at most shows little. Where all are
    equally active, all three are of one tercile.
    """
    tercile = F.filter("slices", lambda name: name.startswith("active_"))[0]
    drawn = [F.size("wanted") < TELLING, F.xxhash64(F.lit(seed), "user"), F.col("user")]
    nth = F.row_number().over(By.partitionBy(tercile).orderBy(*drawn))
    warm = users.wanted.where(_in(WARM)).withColumn("nth", nth)
    first = warm.orderBy("nth", tercile).limit(N_EXAMPLES)
    return first.drop("nth").localCheckpoint()


def _lists(model: Model, users: EvaluationUsers) -> DataFrame:
    listed = model.lists(users.inputs, LONGEST).select("user", "item_ids", "diversity")
    return listed.withColumn("recipe", F.lit(model.recipe.name))


def _means(scored: DataFrame) -> dict[str, list[Figure]]:
    names = (*metrics.PER_USER, metrics.DIVERSITY)
    means = [F.avg(f"`{name}`").alias(name) for name in names]
    each = scored.withColumn("slice", F.explode("slices"))
    grouped = each.groupBy("recipe", "slice").agg(F.count("*").alias("n"), *means)
    found: dict[str, list[Figure]] = {}
    for row in sorted(grouped.collect()):
        found.setdefault(row["recipe"], []).extend(
            Figure(row["slice"], name, row[name], row["n"])
            for name in names
            if row[name] is not None
        )
    return found


def _long(scored: DataFrame) -> DataFrame:
    pairs = [
        F.struct(F.lit(name).alias("metric"), column.alias("value"))
        for name, column in zip(metrics.PER_USER, _quoted(), strict=True)
    ]
    each = scored.select("recipe", "user", "slices", F.explode(F.array(*pairs)).alias("one"))
    return each.select("recipe", "user", "slices", "one.metric", "one.value")


def _tags(warm: DataFrame) -> Column:
    """Return the slices of a warm user; equal values are always in one slice."""
    activity, since = F.size("seen"), F.unix_micros("since")
    thirds = [F.percentile(column, [1 / 3, 2 / 3]) for column in (activity, since)]
    found = warm.agg(*thirds).first()
    (low, high), (_, newest) = (found[0], found[1]) if found and found[0] else ((0, 0), (0, 0))
    active = (
        F.when(activity <= low, ACTIVITY_SLICES[0])
        .when(activity <= high, ACTIVITY_SLICES[1])
        .otherwise(ACTIVITY_SLICES[2])
    )
    newcomer = F.when(since > newest, F.lit(NEWEST_THIRD))
    return F.array_compact(F.array(F.lit(WARM), active, newcomer))


def _in(name: str) -> Column:
    return F.array_contains("slices", name)


def _quoted() -> list[Column]:
    return [F.col(f"`{name}`") for name in metrics.PER_USER]


def popularity(ratings: DataFrame, catalogue: Catalogue) -> NDArray[np.float64]:
    """Return, by place, the share of people in `ratings` (user, item) who rated the item."""
    n_users = ratings.select("user").distinct().count()
    rows = ratings.groupBy("item").count().toArrow()
    counts = catalogue.by_position(
        rows["item"].to_numpy().astype(np.int32), rows["count"].to_numpy().astype(np.float32)
    )
    return np.maximum(counts.astype(np.float64), 1) / max(n_users, 1)
