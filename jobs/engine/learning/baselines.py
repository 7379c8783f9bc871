"""Baselines: well-known methods on the same rows, for comparison. They are never released.

Item-item models need a matrix of catalogue by catalogue in the driver and in each Python worker,
so large catalogues have none.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from pyspark.sql import DataFrame
from scipy import linalg, sparse

from jobs.engine.catalogue import Catalogue
from jobs.engine.errors import TooManyItemsError
from jobs.engine.facts import Facts
from jobs.engine.learning.lists import Block, Scorer
from jobs.engine.recipes import SEED, Recipe

MAX_ITEMS = 8000


class Random(Recipe):
    """A random order of the items for each user: the result without learning."""

    kind: Literal["random"] = "random"
    seed: int = SEED


class ItemCosine(Recipe):
    """Item-item kNN with shrunk cosine of the users who liked both (Sarwar et al. 2001)."""

    kind: Literal["item_cosine"] = "item_cosine"
    relevant_from: float | None = None
    shrinkage: float = Field(default=100, ge=0)


class Ease(Recipe):
    """EASE, a linear autoencoder in closed form (Steck 2019). `reg` is the paper's lambda."""

    kind: Literal["ease"] = "ease"
    relevant_from: float | None = None
    reg: float = Field(default=3000, gt=0)


Baseline = Random | ItemCosine | Ease


def baselines(data: Facts) -> tuple[Baseline, ...]:
    """Return the baselines of a data set, weakest first."""
    liked = data.scale.relevant_from if data.has_scale else None
    return Random(), ItemCosine(relevant_from=liked), Ease(relevant_from=liked)


@dataclass(frozen=True)
class RandomScorer:
    """Scores from 0 to 1 that depend only on the seed and the user."""

    seed: int
    n_items: int

    def scores(self, block: Block) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Return scores (users, items); every list counts as personalised."""
        scores = [
            np.random.default_rng([self.seed, user]).random(self.n_items, np.float32)
            for user in block.user.tolist()
        ]
        return np.array(scores, np.float32), np.ones(block.size, bool)


@dataclass(frozen=True)
class ItemScorer:
    """Scores by the sum of an item's weights to the liked items; without any, by the fallback."""

    weights: NDArray[np.float32]  # (liked item, item)
    fallback: Scorer

    def scores(self, block: Block) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Return scores (users, items), personalised for users with a liked item."""
        liked = np.zeros((block.size, len(self.weights)), np.float32)
        liked[block.liked.rows, block.liked.positions] = 1
        scores = liked @ self.weights
        has_liked = np.asarray(liked.any(axis=1), bool)
        if not has_liked.all():
            scores[~has_liked] = self.fallback.scores(block)[0][~has_liked]
        return scores, has_liked


def fit(
    ratings: DataFrame, recipe: Baseline, catalogue: Catalogue, fallback: Scorer
) -> RandomScorer | ItemScorer:
    """Return the scorer of the recipe, learned from `ratings` (user, item, positive).

    Raises:
        TooManyItemsError: a matrix of catalogue by catalogue would be too large.
    """
    if isinstance(recipe, Random):
        return RandomScorer(recipe.seed, len(catalogue))
    if len(catalogue) > MAX_ITEMS:
        raise TooManyItemsError(f"{recipe.name}: {len(catalogue)} items, at most {MAX_ITEMS}")
    counts = _co_counts(ratings.where("positive"), catalogue)
    if isinstance(recipe, ItemCosine):
        return ItemScorer(cosine(counts, recipe.shrinkage), fallback)
    return ItemScorer(ease(counts, recipe.reg), fallback)


def cosine(counts: NDArray[np.float32], shrinkage: float) -> NDArray[np.float32]:
    """Return (item, item): n_ij / (sqrt(n_i * n_j) + shrinkage), 0 on the diagonal.

    `counts` (item, item) has n_ij, the users who like both; n_i is on the diagonal.
    """
    norms = np.sqrt(np.diag(counts))
    weights = counts / np.maximum(np.outer(norms, norms) + np.float32(shrinkage), 1e-12)
    np.fill_diagonal(weights, 0)
    return np.asarray(weights, np.float32)


def ease(counts: NDArray[np.float32], reg: float) -> NDArray[np.float32]:
    """Return (item, item): B = -P / diag(P) by column, P = (counts + reg I)^-1, diagonal 0.

    This is the least-squares reconstruction of each user's positive interactions from their
    others: Steck 2019, equation 8. Single precision is enough because `reg` keeps the matrix
    well-conditioned. Cholesky takes half as long as LU.
    """
    regular = counts + np.float32(reg) * np.eye(len(counts), dtype=np.float32)
    factor, _ = linalg.cho_factor(regular, lower=True, overwrite_a=True)
    half, _ = linalg.lapack.spotri(factor, lower=True, overwrite_c=True)
    lower = np.tril(half)
    inverse = lower + np.tril(lower, -1).T
    weights = -inverse / np.diag(inverse)
    np.fill_diagonal(weights, 0)
    return np.asarray(weights, np.float32)


def _co_counts(positive: DataFrame, catalogue: Catalogue) -> NDArray[np.float32]:
    """Return (item, item), the number of users who like both, counted on the driver."""
    rows = positive.select("user", "item").toArrow()
    positions = catalogue.positions(rows["item"].to_numpy().astype(np.int32))
    users = np.unique(rows["user"].to_numpy(), return_inverse=True)[1]
    shape = (int(users.max(initial=-1)) + 1, len(catalogue))
    cells = (users[positions >= 0], positions[positions >= 0])
    matrix = sparse.csr_matrix((np.ones(len(cells[0]), np.float32), cells), shape)
    return np.asarray((matrix.T @ matrix).toarray(), np.float32)
