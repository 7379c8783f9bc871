"""Baselines: how well others do on the same rows. They are shown beside and never released.

Item-item models learn from a matrix of the catalogue by itself, so they are left out where it is
large: the driver inverts that matrix, and each Python worker holds it.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from scipy import linalg, sparse

from jobs.engine.catalogue import Catalogue
from jobs.engine.errors import TooManyItemsError
from jobs.engine.learning.lists import Block, Scorer
from jobs.engine.recipes import Scale, Value, digest

MAX_ITEMS = 8000


class Random(Value):
    """Any order of the items, another for each person: what no learning reaches."""

    kind: Literal["random"] = "random"
    seed: int = 20260101

    @property
    def name(self) -> str:
        """The recipe's short stable name."""
        return f"random_{digest(self)}"


class ItemCosine(Value):
    """Items like those that he liked: shrunk cosine of who liked them (Sarwar et al. 2001)."""

    kind: Literal["item_cosine"] = "item_cosine"
    relevant_from: float
    shrinkage: float = Field(default=100, ge=0)

    @property
    def name(self) -> str:
        """The recipe's short stable name."""
        return f"item_cosine_{digest(self)}"


class Ease(Value):
    """EASE, a linear autoencoder in closed form (Steck 2019), of ratings from `relevant_from` on.

    `reg` is the paper's lambda.
    """

    kind: Literal["ease"] = "ease"
    relevant_from: float
    reg: float = Field(default=3000, gt=0)

    @property
    def name(self) -> str:
        """The recipe's short stable name."""
        return f"ease_{digest(self)}"


Baseline = Random | ItemCosine | Ease


def baselines(scale: Scale) -> tuple[Baseline, ...]:
    """Return the baselines of a data set, the weakest first."""
    liked = scale.relevant_from
    return Random(), ItemCosine(relevant_from=liked), Ease(relevant_from=liked)


@dataclass(frozen=True)
class RandomScorer:
    """Scores from 0 to 1 that depend on the seed and the person alone."""

    seed: int
    n_items: int

    def scores(self, block: Block) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Return scores (people, items); every list is the person's own."""
        drawn = [
            np.random.default_rng([self.seed, user]).random(self.n_items, np.float32)
            for user in block.user.tolist()
        ]
        return np.array(drawn, np.float32), np.ones(block.size, bool)


@dataclass(frozen=True)
class ItemScorer:
    """Scores an item by the sum over what a person liked. Who liked nothing gets the fallback's."""

    weights: NDArray[np.float32]  # (liked item, item)
    fallback: Scorer

    def scores(self, block: Block) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Return scores (people, items); a list is the person's own if he liked anything."""
        liked = np.zeros((block.size, len(self.weights)), np.float32)
        liked[block.liked.rows, block.liked.places] = 1
        scores = liked @ self.weights
        own = np.asarray(liked.any(axis=1), bool)
        if not own.all():
            scores[~own] = self.fallback.scores(block)[0][~own]
        return scores, own


def fit(
    ratings: DataFrame, recipe: Baseline, catalogue: Catalogue, fallback: Scorer
) -> RandomScorer | ItemScorer:
    """Return what the recipe learns from `ratings` (user, item, rating).

    Raises:
        TooManyItemsError: a matrix of the catalogue by itself would be too large.
    """
    if isinstance(recipe, Random):
        return RandomScorer(recipe.seed, len(catalogue))
    if len(catalogue) > MAX_ITEMS:
        raise TooManyItemsError(f"{recipe.name}: {len(catalogue)} items, at most {MAX_ITEMS}")
    together = _together(ratings.where(F.col("rating") >= recipe.relevant_from), catalogue)
    match recipe:
        case ItemCosine(shrinkage=shrinkage):
            return ItemScorer(cosine(together, shrinkage), fallback)
        case Ease(reg=reg):
            return ItemScorer(ease(together, reg), fallback)


def cosine(together: NDArray[np.float32], shrinkage: float) -> NDArray[np.float32]:
    """Return (item, item): n of both / (sqrt(n of one x n of the other) + shrinkage); 0 to itself.

    Args:
        together: (item, item), how many people like both; the diagonal holds how many like one.
        shrinkage: makes what few people like less alike.
    """
    norms = np.sqrt(np.diag(together))
    alike = together / np.maximum(np.outer(norms, norms) + np.float32(shrinkage), 1e-12)
    np.fill_diagonal(alike, 0)
    return np.asarray(alike, np.float32)


def ease(together: NDArray[np.float32], reg: float) -> NDArray[np.float32]:
    """Return (item, item): B = -P / diag(P) by column, P = (together + reg I)^-1; 0 to itself.

    That is the least-squares reconstruction of people's likings from their other likings, Steck
    2019, equation 8. Single precision will do: reg keeps the matrix well-conditioned. By Cholesky
    the inverse takes half as long as by LU.
    """
    regular = together + np.float32(reg) * np.eye(len(together), dtype=np.float32)
    factor, _ = linalg.cho_factor(regular, lower=True, overwrite_a=True)
    half, _ = linalg.lapack.spotri(factor, lower=True, overwrite_c=True)
    lower = np.tril(half)
    inverse = lower + np.tril(lower, -1).T
    weights = -inverse / np.diag(inverse)
    np.fill_diagonal(weights, 0)
    return np.asarray(weights, np.float32)


def _together(liked: DataFrame, catalogue: Catalogue) -> NDArray[np.float32]:
    """Return (item, item), how many people like both, counted on the driver."""
    rows = liked.select("user", "item").toArrow()
    places = catalogue.positions(rows["item"].to_numpy().astype(np.int32))
    users = np.unique(rows["user"].to_numpy(), return_inverse=True)[1]
    known = places >= 0
    shape = (int(users.max(initial=-1)) + 1, len(catalogue))
    ones = np.ones(int(known.sum()), np.float32)
    matrix = sparse.csr_matrix((ones, (users[known], places[known])), shape)
    return np.asarray((matrix.T @ matrix).toarray(), np.float32)
