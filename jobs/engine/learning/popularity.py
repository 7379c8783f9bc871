"""Popularity: the fallback for users without factors, and a lower bound for every model."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from scipy import sparse

from jobs.engine.catalogue import Catalogue
from jobs.engine.learning import ages
from jobs.engine.learning.ages import Decay
from jobs.engine.learning.lists import Block
from jobs.engine.learning.segments import Segments
from jobs.engine.recipes import Popular, PopularBySegment, Popularity, PopularRecently

TRENDING_DAYS = 14


@dataclass(frozen=True)
class Lift:
    """How much more a user likes a category than all users do, for items and to a power.

    Categories without any positive interaction are left out.
    """

    names: tuple[str, ...]  # of the categories
    share: NDArray[np.float32]  # (categories,), of all positive interactions
    of_item: sparse.csr_array  # (items, categories), float32: equal parts that sum to 1
    shrinkage: float
    power: float

    def by_category(self, block: Block) -> NDArray[np.float32]:
        """Return (users, categories): the user's shrunk share over that of all, 1 if unknown."""
        liked = (block.likes(self.of_item.shape[0]) @ self.of_item).toarray()
        total = liked.sum(axis=1, keepdims=True) + self.shrinkage
        return np.asarray((liked + self.shrinkage * self.share) / total / self.share, np.float32)

    def of(self, block: Block) -> NDArray[np.float32]:
        """Return (users, items): the mean lift of the item's categories, 1 if unknown."""
        mean = self.by_category(block) @ self.of_item.T
        mean[:, self.of_item.sum(axis=1) == 0] = 1
        return np.asarray(mean**self.power, np.float32)


@dataclass(frozen=True)
class PopularityScorer:
    """Scores by the popularity in the user's segment, times a lift."""

    by_segment: NDArray[np.float32]  # (segments, items); a single row, or row 0, is of all users
    lift: Lift | None = None

    def scores(self, block: Block) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Return scores (users, items); every list counts as personalised."""
        has_segments = len(self.by_segment) > 1
        segment = block.segment if has_segments else np.zeros(block.size, np.int32)
        scores = self.by_segment[segment]
        if self.lift is not None:
            scores = scores * self.lift.of(block)
        return scores, np.ones(block.size, bool)


def fit(
    ratings: DataFrame, recipe: Popularity, catalogue: Catalogue, segments: Segments
) -> PopularityScorer:
    """Return the popularity of `ratings` (user, item, rated_at, positive) by the recipe."""
    positive = ratings.where("positive")
    match recipe:
        case Popular():
            return PopularityScorer(weighted_counts(positive, F.lit(1.0), catalogue, 1))
        case PopularRecently(half_life_days=half_life):
            return PopularityScorer(recent(ratings, half_life, catalogue)[np.newaxis])
        case PopularBySegment():
            return _by_segment(positive, recipe, catalogue, segments)


def recent(ratings: DataFrame, half_life_days: float, catalogue: Catalogue) -> NDArray[np.float32]:
    """Return, by position, the positive interactions, halved with each half-life of their age."""
    weight = Decay(ages.newest(ratings), half_life_days).remaining()
    counts = weighted_counts(ratings.where("positive"), weight, catalogue, 1)
    return np.asarray(counts[0], np.float32)


def _by_segment(
    positive: DataFrame, recipe: PopularBySegment, catalogue: Catalogue, segments: Segments
) -> PopularityScorer:
    with_segment = positive.join(segments.members, "user", "left")
    counts = weighted_counts(with_segment, F.lit(1.0), catalogue, len(segments)).astype(np.float64)
    of_all = counts.sum(axis=0)
    share = of_all / max(of_all.sum(), 1.0)
    total = counts.sum(axis=1, keepdims=True) + recipe.shrinkage
    by_segment = (counts + recipe.shrinkage * share) / np.maximum(total, 1e-12)
    by_segment[0] = share
    by_category = lift(of_all, catalogue, recipe.lift_shrinkage, recipe.lift)
    return PopularityScorer(by_segment.astype(np.float32), by_category if recipe.lift else None)


def lift(
    counts: NDArray[np.floating], catalogue: Catalogue, shrinkage: float, power: float
) -> Lift:
    """Return the lift of the catalogue's categories from positive interactions by position."""
    n_categories = np.maximum(catalogue.categories.sum(axis=1), 1)
    of_item = (sparse.diags_array(1 / n_categories) @ catalogue.categories).tocsr()
    mass = counts @ of_item
    used = mass > 0
    return Lift(
        names=tuple(n for n, is_used in zip(catalogue.names, used, strict=False) if is_used),
        share=(mass[used] / mass.sum()).astype(np.float32),
        of_item=of_item[:, np.flatnonzero(used)].astype(np.float32),
        shrinkage=shrinkage,
        power=power,
    )


def weighted_counts(
    positive: DataFrame, weight: Column, catalogue: Catalogue, n_segments: int
) -> NDArray[np.float32]:
    """Return (segments, items): the sum of `weight` over `positive` (item, segment if several)."""
    segment = F.coalesce("segment", F.lit(0)) if n_segments > 1 else F.lit(0)
    cells = positive.groupBy(segment.alias("segment"), "item").agg(F.sum(weight).alias("weight"))
    rows = cells.toArrow()
    positions = catalogue.positions(rows["item"].to_numpy().astype(np.int32))
    counts = np.zeros((n_segments, len(catalogue)), np.float64)
    in_catalogue = positions >= 0
    np.add.at(
        counts,
        (rows["segment"].to_numpy()[in_catalogue], positions[in_catalogue]),
        rows["weight"].to_numpy()[in_catalogue],
    )
    return counts.astype(np.float32)
