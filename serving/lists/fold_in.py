"""One person's row from his ratings, at read time: exactly what Spark's implicit ALS would solve.

    A = YᵀY + Σ alpha|r| y yᵀ over all rated items + reg n₊ I    n₊: how many r > 0
    b = Σ over r > 0 of (1 + alpha r) y                          x = A⁻¹ b

r is a strength, not a rating: below nought it adds certainty and no liking. Each model of a recipe
is solved on its own columns, and x is divided by their number; the weights of the priors' columns
follow. Since b is a sum over what the person likes, so are x and every score: `Folded.parts`.

Pure numpy: places in, numbers out. An item's place is its place by id as UTF-8 bytes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

LEAST_LEFT = 1e-6  # of an old rating's strength: never nought
_DAY = 86_400_000_000

Floats = NDArray[np.float64]
Positions = NDArray[np.int64]


class Weights(BaseModel):
    """How much each prior counts, as the recipe has it."""

    model_config = ConfigDict(frozen=True)

    popularity: float = 0
    released: float = 0
    demography: float = 0
    category: float = 0
    category_shrinkage: float = 1


class Constants(BaseModel):
    """What a release says of its model. `weighting` is None where there are no factors."""

    model_config = ConfigDict(frozen=True)

    relevant_from: float = float("inf")
    weighting: Literal["stars_from_threshold", "minus_midpoint", "centred"] | None = None
    reg: float = 0
    alpha: float = 1
    threshold: float = 0
    midpoint: float = 0
    p: float = 0
    shrinkage: float = 0
    epsilon: float = 0
    global_mean: float = 0
    half_life_days: float | None = None
    newest: int = 0  # microseconds
    models: int = 1
    rank: int | None = None  # of one model; None: all columns are factors of the only one
    columns: tuple[str, ...] = ()
    weights: Weights = Weights()
    category_shares: Mapping[str, float] = Field(default_factory=dict)


@dataclass(frozen=True)
class Ratings:
    """What one person rated, of what the release knows. One entry per item."""

    places: Positions
    values: Floats
    micros: NDArray[np.int64]  # when, since 1970

    @classmethod
    def of(cls, places: list[int], values: list[float], micros: list[int]) -> Self:
        """Return them as arrays."""
        return cls(
            np.array(places, np.int64), np.array(values, np.float64), np.array(micros, np.int64)
        )


@dataclass(frozen=True)
class Folded:
    """One person's row, and where it comes from.

    `by_rating` has a column for each place in `liked`; their sum and `weights` make up `row`.
    """

    liked: Positions
    by_rating: Floats  # (factors of all models, liked)
    weights: Floats  # of the priors' columns

    @cached_property
    def row(self) -> NDArray[np.float32]:
        """(columns,): what is multiplied with an item's row."""
        return np.concatenate([self.by_rating.sum(axis=1), self.weights]).astype(np.float32)

    def parts(self, rows: NDArray[np.float32]) -> tuple[Floats, Floats]:
        """Return for items' rows (items, liked) and (items, priors): together the scores."""
        exact, n_factors = rows.astype(np.float64), len(self.by_rating)
        return exact[:, :n_factors] @ self.by_rating, exact[:, n_factors:] * self.weights


class FoldIn:
    """Folds people into the factors of one release.

    Args:
        rows: (places, columns), of all items that the fit has seen.
        constants: the release's.
    """

    def __init__(self, rows: NDArray[np.float32], constants: Constants) -> None:
        self.rows, self.constants = rows, constants
        n_factors = rows.shape[1] - len(constants.columns)
        rank = constants.rank or n_factors
        starts = range(0, n_factors if constants.weighting else 0, max(rank, 1))
        self._models = [slice(start, start + rank) for start in starts]
        self._grams = [_gram(rows[:, model]) for model in self._models]

    def fold(self, ratings: Ratings, segment: str = "") -> Folded | None:
        """Return the person's row; None if he likes nothing of what he rated, or has no model."""
        if not self._models or not len(ratings.places):
            return None
        strength = strengths(ratings, self.constants)
        positive = strength > 0
        if not positive.any():
            return None
        counts = strength != 0
        places, strength = ratings.places[counts], strength[counts]
        solved = [
            self._solve(self.rows[places, model].astype(np.float64), strength, gram)
            for model, gram in zip(self._models, self._grams, strict=True)
        ]
        by_rating = np.vstack(solved) / len(self._models)
        return Folded(ratings.places[positive], by_rating, self._weights(ratings, segment))

    def scores(self, folded: Folded) -> NDArray[np.float32]:
        """Return the score of each place.

        Not by BLAS: its threads wait for each other, on a busy machine fifty times as long.
        """
        return np.asarray(np.einsum("ij,j->i", self.rows, folded.row), np.float32)

    def _solve(self, rated: Floats, strength: Floats, gram: Floats) -> Floats:
        """Return (rank, liked): A⁻¹ (1 + alpha r) y of each item that is liked."""
        surely, liked = self.constants.alpha * np.abs(strength), strength > 0
        a = gram + (rated * surely[:, None]).T @ rated
        a.flat[:: len(a) + 1] += self.constants.reg * liked.sum()  # its diagonal
        wanted = rated[liked] * (1 + surely[liked])[:, None]
        return np.asarray(np.linalg.solve(a, wanted.T), np.float64)

    def _weights(self, ratings: Ratings, segment: str) -> Floats:
        said = self.constants
        weight = {
            "popularity": said.weights.popularity,
            "released": said.weights.released,
            f"segment:{segment}": said.weights.demography,
            **self._categories(ratings),
        }
        return np.array([weight.get(name, 0.0) for name in said.columns], np.float64)

    def _categories(self, ratings: Ratings) -> dict[str, float]:
        """Return his weight of each category's column: the log of his lift, shrunk."""
        said, k = self.constants, self.constants.weights.category_shrinkage
        at = {
            name.removeprefix("category:"): column - len(said.columns)
            for column, name in enumerate(said.columns)
            if name.startswith("category:")
        }
        if not at:
            return {}
        places = ratings.places[ratings.values >= said.relevant_from]
        liked = self.rows[places][:, list(at.values())].astype(np.float64).sum(axis=0)
        share = np.array([said.category_shares[name] for name in at], np.float64)
        lift = (liked + k * share) / (liked.sum() + k) / share
        logs = (said.weights.category * np.log(lift)).tolist()
        return {f"category:{name}": log for name, log in zip(at, logs, strict=True)}


def strengths(ratings: Ratings, said: Constants) -> Floats:
    """Return the strength of each rating, faded where the recipe lets them fade.

    Nothing is younger than the newest rating of the release.
    """
    values = ratings.values
    match said.weighting:
        case "stars_from_threshold":
            found = (values >= said.threshold).astype(np.float64)
        case "minus_midpoint":
            found = values - said.midpoint
        case "centred":
            n = len(values) + said.shrinkage
            mean = (values.sum() + said.shrinkage * said.global_mean) / n
            found = values - (said.p * mean + (1 - said.p) * said.global_mean) + said.epsilon
        case None:
            raise ValueError("a popularity knows no strengths")
    if said.half_life_days is None:
        return found
    age_days = np.maximum(said.newest - ratings.micros, 0) / _DAY
    return np.asarray(found * np.maximum(0.5 ** (age_days / said.half_life_days), LEAST_LEFT))


def best(scores: NDArray[np.float32], n: int) -> Positions:
    """Return the places of the `n` highest scores, best first, ties by place.

    Minus infinity is never among them.
    """
    n = min(n, len(scores))
    if n == 0:
        return np.empty(0, np.int64)
    floor = np.partition(scores, -n)[-n]
    places = np.flatnonzero((scores >= floor) & (scores > -np.inf))
    return places[np.argsort(-scores[places], kind="stable")[:n]]


def _gram(rows: NDArray[np.float32]) -> Floats:
    exact = rows.astype(np.float64)
    return np.asarray(exact.T @ exact, np.float64)
