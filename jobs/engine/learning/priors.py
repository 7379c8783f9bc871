"""Priors: additional columns of an item's factors, for evidence beside a user's own ratings.

A prior is a number of the item times a number of the user, so the score stays one dot product.
The item's columns, whose formulas were chosen on the rolling windows of MovieLens 1M:

- `popularity`: log(1 + decayed positive interactions of the item / their mean over known items).
- `released`: decades before the newest known item, negative; 0 where the year is unknown.
- `segment:…`: log((n + k) / (e + k)): n positive interactions of the segment's users, e the
  expected number if the segment's preferences were those of all users, k pseudo-interactions.
  Only the column of the user's own segment has a weight.
- `category:…`: the category's part of the item: 1 / number of its categories. The user's weight is
  proportional to the log of how much more than others they like the category: the shrunk lift of
  `popularity.Lift`.
"""

from dataclasses import dataclass
from itertools import compress

import numpy as np
from numpy.typing import NDArray
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.engine.catalogue import Catalogue
from jobs.engine.learning import popularity
from jobs.engine.learning.lists import Block
from jobs.engine.learning.popularity import Lift
from jobs.engine.learning.segments import Segments
from jobs.engine.recipes import PriorWeights
from ranking import content


@dataclass(frozen=True)
class Priors:
    """The items' columns, and how to weight them per user. A prior of weight 0 has no column."""

    weights: PriorWeights
    names: tuple[str, ...]
    columns: NDArray[np.float32]  # (items, names)
    lift: Lift

    def of(self, block: Block) -> NDArray[np.float32]:
        """Return (users, names): the weights of the columns for each user."""
        weights = self.weights
        by_prior: list[NDArray[np.floating]] = [
            np.full((block.size, 1), weights.popularity, np.float32),
            np.full((block.size, 1), weights.released, np.float32),
            self._segments(block),
            np.float32(weights.category) * np.log(self.lift.by_category(block)),
        ]
        used = compress(by_prior, _is_used(weights))
        return np.hstack([np.empty((block.size, 0)), *used]).astype(np.float32)

    def _segments(self, block: Block) -> NDArray[np.float32]:
        n = sum(name.startswith("segment:") for name in self.names)
        by_segment = np.zeros((n + 1, n), np.float32)  # segment 0, all users, has no column
        by_segment[1:] = self.weights.demography * np.eye(n)
        return by_segment[block.segment] if n else np.zeros((block.size, 0), np.float32)


def fit(
    ratings: DataFrame, weights: PriorWeights, catalogue: Catalogue, segments: Segments
) -> Priors:
    """Return the priors of `ratings` (user, item, rated_at, positive)."""
    counts = positive_counts(ratings, weights.half_life_days, catalogue, segments)
    return of_counts(counts, weights, catalogue, segments)


@dataclass(frozen=True)
class PositiveCounts:
    """Counts of positive interactions: the same for all weights but the half-life."""

    recent: NDArray[np.float32]  # by position, decayed
    by_segment: NDArray[np.float32]  # (segments, items)


def positive_counts(
    ratings: DataFrame, half_life_days: float, catalogue: Catalogue, segments: Segments
) -> PositiveCounts:
    """Return the counts of positive interactions."""
    positive = ratings.where("positive")
    with_segment = positive.join(F.broadcast(segments.members), "user", "left")
    return PositiveCounts(
        popularity.recent(ratings, half_life_days, catalogue),
        popularity.weighted_counts(with_segment, F.lit(1.0), catalogue, len(segments)),
    )


def of_counts(
    counts: PositiveCounts, weights: PriorWeights, catalogue: Catalogue, segments: Segments
) -> Priors:
    """Return the priors of `counts`, whose half-life is that of `weights`."""
    recent, by_segment = counts.recent, counts.by_segment
    mean = max(float(recent[catalogue.known].mean()), 1e-12)
    counts_of_all = by_segment.sum(axis=0)
    categorised = catalogue.with_largest_categories(counts_of_all, content.MAX_CATEGORIES)
    lift = popularity.lift(counts_of_all, categorised, weights.category_shrinkage, power=1)
    by_prior = [
        (("popularity",), np.log1p(recent / mean)[:, None]),
        (("released",), decades(catalogue)[:, None]),
        (
            tuple(f"segment:{name}" for name in segments.names[1:]),
            over_representation(by_segment, weights.demography_shrinkage)[1:].T,
        ),
        (tuple(f"category:{name}" for name in lift.names), lift.of_item.toarray()),
    ]
    used = [*compress(by_prior, _is_used(weights))]
    names = tuple(name for prior_names, _ in used for name in prior_names)
    columns = np.hstack([np.empty((len(catalogue), 0)), *(columns for _, columns in used)])
    return Priors(weights, names, columns.astype(np.float32), lift)


def decades(catalogue: Catalogue) -> NDArray[np.float32]:
    """Return, by position, decades before the newest year: see `ranking.content`.

    Items that are newer than each known one count as the newest of these.
    """
    newest = newest_year(catalogue)
    if newest is None or catalogue.released is None:
        return np.zeros(len(catalogue), np.float32)
    return content.decades(catalogue.released, newest)


def newest_year(catalogue: Catalogue) -> float | None:
    """Return the newest year of a known item; None if no year is known."""
    years = catalogue.released
    if years is None or np.isnan(years[catalogue.known]).all():
        return None
    return float(np.nanmax(years[catalogue.known]))


def over_representation(counts: NDArray[np.float32], shrinkage: float) -> NDArray[np.float32]:
    """Return (segments, items): log((n + k) / (e + k)) of `counts` n; k is `shrinkage`, above 0."""
    exact = counts.astype(np.float64)
    share = exact.sum(axis=0) / max(exact.sum(), 1.0)
    expected = exact.sum(axis=1, keepdims=True) * share
    return np.asarray(np.log((exact + shrinkage) / (expected + shrinkage)), np.float32)


def _is_used(weights: PriorWeights) -> list[bool]:
    by_prior = (weights.popularity, weights.released, weights.demography, weights.category)
    return [weight != 0 for weight in by_prior]
