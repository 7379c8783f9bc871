"""Popularities: what is served where there is no model, and what every model has to beat."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.engine.catalogue import Catalogue
from jobs.engine.learning import ages
from jobs.engine.learning.lists import Block
from jobs.engine.learning.segments import Segments
from jobs.engine.recipes import Popular, PopularBySegment, Popularity, PopularRecently

TRENDING_DAYS = 14


@dataclass(frozen=True)
class Lift:
    """How much more than others somebody likes the categories of an item, to a power.

    `share` is each category's share among all that was liked, `of_item` the item's categories,
    each with an equal part of one. Categories of which nobody liked anything are left out.
    """

    names: tuple[str, ...]
    share: NDArray[np.float32]
    of_item: NDArray[np.float32]
    shrinkage: float
    power: float

    def by_category(self, block: Block) -> NDArray[np.float32]:
        """Return (people, categories): his share over everybody's, shrunk; 1 for who is unknown."""
        liked = np.zeros((block.size, len(self.share)), np.float32)
        np.add.at(liked, block.liked.rows, self.of_item[block.liked.places])
        total = liked.sum(axis=1, keepdims=True) + self.shrinkage
        return np.asarray((liked + self.shrinkage * self.share) / total / self.share, np.float32)

    def of(self, block: Block) -> NDArray[np.float32]:
        """Return (people, items): the mean lift of the item's categories; 1 for who is unknown."""
        mean = self.by_category(block) @ self.of_item.T
        mean[:, self.of_item.sum(axis=1) == 0] = 1
        return np.asarray(mean**self.power, np.float32)


@dataclass(frozen=True)
class PopularityScorer:
    """Scores by the popularity of each segment (a row each, 0 for everybody), lifted or not."""

    by_segment: NDArray[np.float32]  # (segments, items)
    lift: Lift | None = None

    def scores(self, block: Block) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Return scores (people, items); every list is the person's own."""
        knows_segments = len(self.by_segment) > 1
        segment = block.segment if knows_segments else np.zeros(block.size, np.int32)
        scores = self.by_segment[segment]
        if self.lift is not None:
            scores = scores * self.lift.of(block)
        return scores, np.ones(block.size, bool)


def fit(
    ratings: DataFrame, recipe: Popularity, catalogue: Catalogue, groups: Segments
) -> PopularityScorer:
    """Return what the recipe learns from `ratings` (user, item, rating, rated_at)."""
    liked = ratings.where(F.col("rating") >= recipe.relevant_from)
    match recipe:
        case Popular():
            return PopularityScorer(counted(liked, F.lit(1.0), catalogue, 1))
        case PopularRecently(half_life_days=half_life):
            weight = ages.remaining(ages.newest(ratings), half_life)
            return PopularityScorer(counted(liked, weight, catalogue, 1))
        case PopularBySegment():
            return _by_segment(liked, recipe, catalogue, groups)


def trending(
    ratings: DataFrame, catalogue: Catalogue, *, relevant_from: float
) -> NDArray[np.float32]:
    """Return (places,): likings, halved every 14 days back from the newest of all ratings."""
    liked = ratings.where(F.col("rating") >= relevant_from)
    weight = ages.remaining(ages.newest(ratings), TRENDING_DAYS)
    return np.asarray(counted(liked, weight, catalogue, 1)[0], np.float32)


def _by_segment(
    liked: DataFrame, recipe: PopularBySegment, catalogue: Catalogue, groups: Segments
) -> PopularityScorer:
    with_segment = liked.join(groups.members, "user", "left")
    counts = counted(with_segment, F.lit(1.0), catalogue, len(groups)).astype(np.float64)
    everybody = counts.sum(axis=0)
    share = everybody / max(everybody.sum(), 1.0)
    total = counts.sum(axis=1, keepdims=True) + recipe.shrinkage
    by_segment = (counts + recipe.shrinkage * share) / np.maximum(total, 1e-12)
    by_segment[0] = share
    lifted = lift(everybody, catalogue, recipe.lift_shrinkage, recipe.lift)
    return PopularityScorer(by_segment.astype(np.float32), lifted if recipe.lift else None)


def lift(
    everybody: NDArray[np.floating], catalogue: Catalogue, shrinkage: float, power: float
) -> Lift:
    """Return the lift of the catalogue's categories; `everybody` counts the likings by place."""
    shares = catalogue.categories.sum(axis=1, keepdims=True)
    of_item = catalogue.categories / np.maximum(shares, 1)
    mass = everybody @ of_item
    used = mass > 0
    return Lift(
        names=tuple(n for n, use in zip(catalogue.names, used, strict=False) if use),
        share=(mass[used] / mass.sum()).astype(np.float32),
        of_item=of_item[:, used].astype(np.float32),
        shrinkage=shrinkage,
        power=power,
    )


def counted(
    liked: DataFrame, weight: Column, catalogue: Catalogue, n_segments: int
) -> NDArray[np.float32]:
    """Return (segments, places): the sum of `weight` over `liked` (item, segment if several)."""
    segment = F.coalesce("segment", F.lit(0)) if n_segments > 1 else F.lit(0)
    cells = liked.groupBy(segment.alias("segment"), "item").agg(F.sum(weight).alias("weight"))
    rows = cells.toArrow()
    places = catalogue.positions(rows["item"].to_numpy().astype(np.int32))
    counts = np.zeros((n_segments, len(catalogue)), np.float64)
    known = places >= 0
    np.add.at(
        counts,
        (rows["segment"].to_numpy()[known], places[known]),
        rows["weight"].to_numpy()[known],
    )
    return counts.astype(np.float32)
