"""Folds a user into a release: solves their factors from their ratings, as implicit ALS does.

    A = YᵀY + Σ alpha|r| y yᵀ over all rated items + reg n₊ I    n₊: the number of r > 0
    b = Σ over r > 0 of (1 + alpha r) y                          x = A⁻¹ b

r is a strength, not a rating: a negative one adds certainty and no preference. With the weighting
`events` it is computed from all that the user did with the item (`ranking.strengths`). Each model
of a recipe is solved on its own columns, and x is divided by the number of models; the weights of
the priors' columns follow. Since b is a sum over positive r, so are x and every score:
`Folded.terms`. Spark's ALS solves the same equations (see the test of `jobs.engine.learning`).

Pure numpy. An item's position is its rank by id as UTF-8 bytes.
"""

from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from ranking.selection import Positions
from ranking.strengths import of_events, remaining

_DAY = 86_400_000_000

Floats = NDArray[np.float64]


class Weights(BaseModel):
    """Weights of the priors, as the recipe has them."""

    model_config = ConfigDict(frozen=True)

    popularity: float = 0
    released: float = 0
    demography: float = 0
    category: float = 0
    category_shrinkage: float = 1


class Constants(BaseModel):
    """The parameters of a release's model. `weighting` is None if it has no factors.

    Of the weighting `events`, strengths are divided by `unit`; `threshold` is the smallest rating
    that counts, None without a scale.
    """

    model_config = ConfigDict(frozen=True)

    relevant_from: float = float("inf")
    weighting: Literal["stars_from_threshold", "minus_midpoint", "centred", "events"] | None = None
    has_scale: bool = True
    kind_weights: Mapping[str, float] = Field(default_factory=dict)
    saturation: Literal["binary", "log1p", "capped"] = "log1p"
    cap: float = 5
    unit: float = 1
    reg: float = 0
    alpha: float = 1
    threshold: float | None = 0
    midpoint: float = 0
    p: float = 0
    shrinkage: float = 0
    epsilon: float = 0
    global_mean: float = 0
    half_life_days: float | None = None
    newest: int = 0  # microseconds
    models: int = 1
    rank: int | None = None  # factors of one model; None: all columns but the priors'
    columns: tuple[str, ...] = ()
    weights: Weights = Weights()
    neighbours: int = 0  # largest number per item of an item-item model; 0: another model
    category_shares: Mapping[str, float] = Field(default_factory=dict)
    newest_year: float | None = None  # of the items that the fit has learned


@dataclass(frozen=True)
class Ratings:
    """One user's ratings and events of items that the release knows, one entry per item.

    Times are microseconds since 1970; `kinds` are the data set's, in their order. Without
    `positive`, the ratings alone say what is positive.
    """

    positions: Positions
    values: Floats  # NaN without a rating
    micros: NDArray[np.int64]  # of the newest rating or event
    positive: NDArray[np.bool_] | None = None
    amounts: Floats | None = None  # (items, kinds)
    acted_micros: NDArray[np.int64] | None = None  # (items, kinds), of the newest event
    kinds: tuple[str, ...] = ()

    def is_positive(self, relevant_from: float) -> NDArray[np.bool_]:
        """Return whether each item is positive."""
        return self.values >= relevant_from if self.positive is None else self.positive


@dataclass(frozen=True)
class Folded:
    """One user's row of factors: a sum with one term per liked item, then the priors' weights."""

    liked: Positions  # positions of items with a positive strength
    by_rating: Floats  # (factors of all models, liked)
    weights: Floats  # one weight per column of the priors

    @cached_property
    def row(self) -> NDArray[np.float32]:
        """(columns,): its product with an item's row is the score."""
        return np.concatenate([self.by_rating.sum(axis=1), self.weights]).astype(np.float32)

    def terms(self, rows: NDArray[np.float32]) -> tuple[Floats, Floats]:
        """Return the terms of items' scores: (items, liked) and (items, priors)."""
        exact, n_factors = rows.astype(np.float64), len(self.by_rating)
        return exact[:, :n_factors] @ self.by_rating, exact[:, n_factors:] * self.weights


class FoldIn:
    """Folds users into one release: `rows` (positions, columns) of all items of its fit.

    `learned`: the positions of items that the fit learned from interactions, by default all. Only
    these are in YᵀY, as in the fit.
    """

    def __init__(
        self,
        rows: NDArray[np.float32],
        constants: Constants,
        learned: NDArray[np.bool_] | None = None,
    ) -> None:
        self.rows, self.constants = rows, constants
        self.n_factors = n_factors = rows.shape[1] - len(constants.columns)
        rank = constants.rank or n_factors
        starts = range(0, n_factors if constants.weighting else 0, max(rank, 1))
        self._models = [slice(start, start + rank) for start in starts]
        of_fit = rows if learned is None else rows[learned]
        factors = (of_fit[:, model].astype(np.float64) for model in self._models)
        self._grams = [matrix.T @ matrix for matrix in factors]

    def with_rows(self, rows: NDArray[np.float32]) -> Self:
        """Return the fold-in with the rows of further items, which the fit has not learned."""
        other = copy(self)
        other.rows = rows
        return other

    def fold(self, ratings: Ratings, segment: str = "") -> Folded | None:
        """Return the user's row; None without a positive strength, or without factors."""
        if not self._models or not len(ratings.positions):
            return None
        strength = strengths(ratings, self.constants)
        positive = strength > 0
        if not positive.any():
            return None
        counts = strength != 0
        positions, strength = ratings.positions[counts], strength[counts]
        solved = [
            self._solve(self.rows[positions, model].astype(np.float64), strength, gram)
            for model, gram in zip(self._models, self._grams, strict=True)
        ]
        by_rating = np.vstack(solved) / len(self._models)
        return Folded(ratings.positions[positive], by_rating, self._weights(ratings, segment))

    def scores(self, folded: Folded) -> NDArray[np.float32]:
        """Return the score of each position.

        BLAS would take 50 times as long on a busy machine: its threads wait for each other.
        """
        return np.asarray(np.einsum("ij,j->i", self.rows, folded.row), np.float32)

    def _solve(self, rated: Floats, strength: Floats, gram: Floats) -> Floats:
        """Return (rank, liked): A⁻¹ (1 + alpha r) y of each item with a positive strength."""
        confidence, liked = self.constants.alpha * np.abs(strength), strength > 0
        a = gram + (rated * confidence[:, None]).T @ rated
        a.flat[:: len(a) + 1] += self.constants.reg * liked.sum()  # its diagonal
        b = rated[liked] * (1 + confidence[liked])[:, None]
        return np.asarray(np.linalg.solve(a, b.T), np.float64)

    def _weights(self, ratings: Ratings, segment: str) -> Floats:
        weights = self.constants.weights
        weight = {
            "popularity": weights.popularity,
            "released": weights.released,
            f"segment:{segment}": weights.demography,
            **self._categories(ratings),
        }
        return np.array([weight.get(name, 0.0) for name in self.constants.columns], np.float64)

    def _categories(self, ratings: Ratings) -> dict[str, float]:
        """Return the weight of each category's column: the shrunk log lift of its ratings."""
        constants, k = self.constants, self.constants.weights.category_shrinkage
        columns = {
            name.removeprefix("category:"): column - len(constants.columns)
            for column, name in enumerate(constants.columns)
            if name.startswith("category:")
        }
        if not columns:
            return {}
        relevant = ratings.positions[ratings.is_positive(constants.relevant_from)]
        counts = self.rows[relevant][:, list(columns.values())].astype(np.float64).sum(axis=0)
        share = np.array([constants.category_shares[name] for name in columns], np.float64)
        lift = (counts + k * share) / (counts.sum() + k) / share
        logs = (constants.weights.category * np.log(lift)).tolist()
        return {f"category:{name}": log for name, log in zip(columns, logs, strict=True)}


def strengths(ratings: Ratings, constants: Constants) -> Floats:
    """Return the strength of each item, halved per half-life if the recipe has one.

    The age is counted back from the newest event of the fit, and is never negative. Items without a
    rating have a strength with the weighting `events` only.
    """
    if constants.weighting == "events":
        return _of_events(ratings, constants)
    has_rating = ~np.isnan(ratings.values)
    strength = np.zeros(len(ratings.values))
    strength[has_rating] = _of_ratings(ratings.values[has_rating], constants)
    return np.asarray(strength * _remaining(ratings.micros, constants))


def _of_ratings(values: Floats, constants: Constants) -> Floats:
    match constants.weighting:
        case "stars_from_threshold":
            return (values >= (constants.threshold or 0)).astype(np.float64)
        case "minus_midpoint":
            return values - constants.midpoint
        case "centred":
            n = len(values) + constants.shrinkage
            mean = (values.sum() + constants.shrinkage * constants.global_mean) / n
            centre = constants.p * mean + (1 - constants.p) * constants.global_mean
            return np.asarray(values - centre + constants.epsilon)
        case _:
            raise ValueError("a release without factors has no strengths")


def _of_events(ratings: Ratings, constants: Constants) -> Floats:
    """Return weight x saturation x decay, summed over kinds; a good rating has the largest weight.

    Without a scale a rating is a like.
    """
    weights = [constants.kind_weights.get(kind, 0.0) for kind in ratings.kinds]
    largest = max(constants.kind_weights.values(), default=1.0)
    from_ = constants.relevant_from if constants.threshold is None else constants.threshold
    of_rating = np.where(ratings.values >= from_, largest, 0.0)
    strength = of_rating * _remaining(ratings.micros, constants)
    if ratings.amounts is not None and ratings.acted_micros is not None and weights:
        strength = strength + of_events(
            ratings.amounts,
            _ages_days(ratings.acted_micros, constants),
            np.array(weights),
            saturation=constants.saturation,
            cap=constants.cap,
            half_life_days=constants.half_life_days,
        )
    return np.asarray(strength / constants.unit)


def _remaining(micros: NDArray[np.int64], constants: Constants) -> Floats:
    return remaining(_ages_days(micros, constants), constants.half_life_days)


def _ages_days(micros: NDArray[np.int64], constants: Constants) -> Floats:
    return np.asarray(np.maximum(constants.newest - micros, 0) / _DAY)
