"""Priors: what speaks for an item beside a person's ratings, as columns beside the factors.

A prior is a number of the item times a number of the person, so that the score stays one dot
product. Their formulas, each chosen on the rolling windows of MovieLens 1M:

- `popularity`: log(1 + decayed likings of the item / their mean over items), the same for all.
- `released`: decades before the newest item, negative; nought where the year is not known.
- `segment:…`: log((n + k) / (e + k)), n the likings by people of the segment, e what the segment
  would have if it liked what everybody likes, k pseudo-likings. His own segment's column counts.
- `category:…`: the item's part in the category, times the log of how much more than others the
  person likes it: the same shrunk lift as in `popularity.Lift`.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.engine.catalogue import Catalogue
from jobs.engine.learning import ages, popularity
from jobs.engine.learning.lists import Block
from jobs.engine.learning.popularity import Lift
from jobs.engine.learning.segments import Segments
from jobs.engine.recipes import PriorWeights

EARLIEST = -8.0  # decades: before that, all is old
_DECADE = 10


@dataclass(frozen=True)
class Priors:
    """Columns of the items, and what makes a person's numbers. What weighs nought has none."""

    weights: PriorWeights
    names: tuple[str, ...]
    columns: NDArray[np.float32]  # (items, names)
    lift: Lift

    def of(self, block: Block) -> NDArray[np.float32]:
        """Return (people, names): the weights of the columns for each person."""
        weights = self.weights
        parts: list[NDArray[np.floating]] = [
            np.full((block.size, 1), weights.popularity, np.float32),
            np.full((block.size, 1), weights.released, np.float32),
            self._segments(block),
            np.float32(weights.category) * np.log(self.lift.by_category(block)),
        ]
        used = [part for part, weighs in zip(parts, _uses(weights), strict=True) if weighs]
        return np.hstack([np.empty((block.size, 0)), *used]).astype(np.float32)

    def _segments(self, block: Block) -> NDArray[np.float32]:
        n = sum(name.startswith("segment:") for name in self.names)
        of_segment = np.zeros((n + 1, n), np.float32)  # everybody, number 0, has no column
        of_segment[1:] = self.weights.demography * np.eye(n)
        return of_segment[block.segment] if n else np.zeros((block.size, 0), np.float32)


def fit(
    ratings: DataFrame,
    weights: PriorWeights,
    catalogue: Catalogue,
    groups: Segments,
    *,
    relevant_from: float,
) -> Priors:
    """Return the priors of `ratings` (user, item, rating, rated_at)."""
    half_life = weights.half_life_days
    found = likings(ratings, half_life, catalogue, groups, relevant_from=relevant_from)
    return weighed(found, weights, catalogue, groups)


@dataclass(frozen=True)
class Likings:
    """All that priors learn from ratings, whatever they weigh."""

    recent: NDArray[np.float32]  # by place, decayed
    by_segment: NDArray[np.float32]  # (segments, places)


def likings(
    ratings: DataFrame,
    half_life_days: float,
    catalogue: Catalogue,
    groups: Segments,
    *,
    relevant_from: float,
) -> Likings:
    """Return how often each item was liked in `ratings` (user, item, rating, rated_at)."""
    liked = ratings.where(F.col("rating") >= relevant_from)
    fading = ages.remaining(ages.newest(ratings), half_life_days)
    with_segment = liked.join(F.broadcast(groups.members), "user", "left")
    return Likings(
        recent=popularity.counted(liked, fading, catalogue, 1)[0],
        by_segment=popularity.counted(with_segment, F.lit(1.0), catalogue, len(groups)),
    )


def weighed(
    found: Likings, weights: PriorWeights, catalogue: Catalogue, groups: Segments
) -> Priors:
    """Return the priors that these likings make; they were found with the weights' half-life."""
    recent, counts = found.recent, found.by_segment
    lift = popularity.lift(counts.sum(axis=0), catalogue, weights.category_shrinkage, power=1)
    parts = [
        (("popularity",), np.log1p(recent / max(float(recent.mean()), 1e-12))[:, None]),
        (("released",), released(catalogue)[:, None]),
        (
            tuple(f"segment:{name}" for name in groups.names[1:]),
            over_represented(counts, weights.demography_shrinkage)[1:].T,
        ),
        (tuple(f"category:{name}" for name in lift.names), lift.of_item),
    ]
    used = [part for part, weighs in zip(parts, _uses(weights), strict=True) if weighs]
    names = tuple(name for part_names, _ in used for name in part_names)
    columns = np.hstack([np.empty((len(catalogue), 0)), *(columns for _, columns in used)])
    return Priors(weights, names, columns.astype(np.float32), lift)


def released(catalogue: Catalogue) -> NDArray[np.float32]:
    """Return, by place, decades before the newest year, from `EARLIEST` to 0; 0 if not known."""
    years = catalogue.released
    if years is None or np.isnan(years).all():
        return np.zeros(len(catalogue), np.float32)
    decades = (years - np.nanmax(years)) / _DECADE
    return np.asarray(np.nan_to_num(np.clip(decades, EARLIEST, 0)), np.float32)


def over_represented(counts: NDArray[np.float32], shrinkage: float) -> NDArray[np.float32]:
    """Return (segments, items): log((n + k) / (e + k)), the likings over those expected.

    Args:
        counts: (segments, items), likings by people of each segment.
        shrinkage: k, above nought.
    """
    exact = counts.astype(np.float64)
    share = exact.sum(axis=0) / max(exact.sum(), 1.0)
    expected = exact.sum(axis=1, keepdims=True) * share
    return np.asarray(np.log((exact + shrinkage) / (expected + shrinkage)), np.float32)


def _uses(weights: PriorWeights) -> tuple[bool, bool, bool, bool]:
    return (
        weights.popularity != 0,
        weights.released != 0,
        weights.demography != 0,
        weights.category != 0,
    )
