"""Judging: the people of a window's test rows, and how a model's lists serve them."""

from dataclasses import dataclass
from functools import reduce

import numpy as np
from numpy.typing import NDArray
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.engine import people, ranking
from jobs.engine.catalogue import Catalogue
from jobs.engine.models import Model
from jobs.engine.people import Segments
from jobs.engine.windows import Window

LONGEST = 50
COLD = "cold"
WARM = "warm"


@dataclass(frozen=True)
class Audience:
    """Who is judged. `wanted` is (user, wanted, segments), `people` what scoring needs of each."""

    people: DataFrame
    wanted: DataFrame


@dataclass(frozen=True)
class Judgement:
    """How one model did: a row per user and metric, and the figures of each segment."""

    users: DataFrame  # (user, segments, metric, value)
    figures: tuple[tuple[str, str, float, int], ...]  # (segment, metric, value, n_users)


def audience(
    window: Window, items: DataFrame, groups: Segments, *, relevant_from: float
) -> Audience:
    """Return everybody with a relevant item in the window's test rows.

    Relevant are ratings of `relevant_from` or more of items that the training rows hold. Who is in
    the training rows is warm, and of the `active` tercile of his number of ratings; the newest
    third of them is a segment too. All others are cold.

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
    )
    known = people.people(window.training, window.hidden, groups, relevant_from=relevant_from)
    warm = wanted.join(known, "user").cache()
    cold = wanted.join(window.training.select("user").distinct(), "user", "left_anti")
    tagged = warm.select("user", "wanted", _tags(warm).alias("segments"))
    strangers = cold.select("user", "wanted", F.array(F.lit(COLD)).alias("segments"))
    return Audience(
        people=warm.select("user", "seen", "liked", "segment")
        .union(people.strangers(cold))
        .cache(),
        wanted=tagged.union(strangers).cache(),
    )


def judge(
    model: Model, audience: Audience, catalogue: Catalogue, popularity: NDArray[np.float64]
) -> Judgement:
    """Return how the model's lists serve the audience; the figures of the catalogue are the warm's.

    `popularity` is, by place, the share of people who rated the item.
    """
    lists = model.lists(audience.people, LONGEST).select("user", "item_ids").cache()
    scored = ranking.per_user(lists, audience.wanted).cache()
    figures = _means(scored)
    warm = lists.join(scored.where(_in(WARM)), "user", "left_semi")
    n_warm = next((n for segment, _, _, n in figures if segment == WARM), 0)
    figures.append((WARM, "judged", float(n_warm), n_warm))
    if n_warm:
        found = ranking.of_catalogue(warm, catalogue, popularity)
        found["empty_lists"] = float(warm.where(F.size("item_ids") == 0).count())
        found["not_finite"] = float(model.n_not_finite)
        figures += [(WARM, metric, value, n_warm) for metric, value in found.items()]
    lists.unpersist()
    return Judgement(_long(scored), tuple(figures))


def _means(scored: DataFrame) -> list[tuple[str, str, float, int]]:
    each = scored.select(F.explode("segments").alias("segment"), *_quoted())
    means = [F.avg(f"`{name}`").alias(name) for name in ranking.PER_USER]
    rows = each.groupBy("segment").agg(F.count("*").alias("n"), *means).orderBy("segment").collect()
    return [
        (row["segment"], name, float(row[name]), int(row["n"]))
        for row in rows
        for name in ranking.PER_USER
    ]


def _long(scored: DataFrame) -> DataFrame:
    pairs = [
        F.struct(F.lit(name).alias("metric"), column.alias("value"))
        for name, column in zip(ranking.PER_USER, _quoted(), strict=True)
    ]
    each = scored.select("user", "segments", F.explode(F.array(*pairs)).alias("one"))
    return each.select("user", "segments", "one.metric", "one.value")


def _tags(warm: DataFrame) -> Column:
    """Return the segments of a warm user; equal values are always in one segment."""
    activity = F.size("seen")
    low, high = _thirds(warm, activity)
    _, newest = _thirds(warm, F.unix_micros("since"))
    active = (
        F.when(activity <= low, "active_low")
        .when(activity <= high, "active_mid")
        .otherwise("active_high")
    )
    newcomer = F.when(F.unix_micros("since") > newest, F.lit("newest_third"))
    return F.array_compact(F.array(F.lit(WARM), active, newcomer))


def _thirds(rows: DataFrame, column: Column) -> tuple[float, float]:
    thirds = F.percentile(column, [1 / 3, 2 / 3])
    found = rows.agg(thirds).first()
    return (0.0, 0.0) if found is None or found[0] is None else (found[0][0], found[0][1])


def _in(segment: str) -> Column:
    return F.array_contains("segments", segment)


def _quoted() -> list[Column]:
    return [F.col(f"`{name}`") for name in ranking.PER_USER]


def popularity(ratings: DataFrame, catalogue: Catalogue) -> NDArray[np.float64]:
    """Return, by place, the share of people in `ratings` (user, item) who rated the item."""
    n_users = ratings.select("user").distinct().count()
    rows = ratings.groupBy("item").count().toArrow()
    counts = catalogue.by_place(
        rows["item"].to_numpy().astype(np.int32), rows["count"].to_numpy().astype(np.float32)
    )
    return np.maximum(counts.astype(np.float64), 1) / max(n_users, 1)


def together(judgements: list[tuple[str, Judgement]]) -> DataFrame:
    """Return (recipe, user, segments, metric, value) of all models in one frame."""
    frames = [one.users.withColumn("recipe", F.lit(recipe)) for recipe, one in judgements]
    return reduce(DataFrame.unionByName, frames)
