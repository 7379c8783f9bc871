"""Baselines: well-known methods on the same rows, for comparison. They are never released."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from pyspark.sql import DataFrame
from scipy import sparse

from jobs.engine.catalogue import Catalogue
from jobs.engine.facts import Facts
from jobs.engine.item_recipes import Ease, ItemItem, Recipe
from jobs.engine.learning import item_item
from jobs.engine.learning.item_item import ItemScorer, NeighbourScorer
from jobs.engine.learning.lists import Block
from jobs.engine.learning.popularity import PopularityScorer
from jobs.engine.recipes import SEED

_NEIGHBOURS = 500  # of the cosine of a catalogue that is too large for all pairs of items


class Random(Recipe):
    """A random order of the items for each user: the result without learning."""

    kind: Literal["random"] = "random"
    seed: int = SEED


class ItemCosine(Recipe):
    """Item-item kNN with shrunk cosine of the users who liked both (Sarwar et al. 2001).

    All items are neighbours, in a catalogue of more than `item_item.MAX_ITEMS` the nearest 500.
    """

    kind: Literal["item_cosine"] = "item_cosine"
    relevant_from: float | None = None
    shrinkage: float = Field(default=100, ge=0)


Baseline = Random | ItemCosine | Ease


def baselines(data: Facts) -> tuple[Baseline, ...]:
    """Return the baselines of a data set, weakest first. EASE may also be released."""
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


def fit(
    positive: DataFrame,
    recipe: Random | ItemCosine,
    catalogue: Catalogue,
    fallback: PopularityScorer,
) -> RandomScorer | ItemScorer | NeighbourScorer:
    """Return the scorer of the baseline, learned from `positive` (user, item)."""
    if isinstance(recipe, Random):
        return RandomScorer(recipe.seed, len(catalogue))
    if len(catalogue) > item_item.MAX_ITEMS:
        nearest = ItemItem(neighbours=_NEIGHBOURS, shrinkage=recipe.shrinkage, exponent=0.5)
        return item_item.fit(positive, nearest, catalogue, fallback)
    likes = item_item.matrix(positive, catalogue)
    return ItemScorer(cosine(likes.T @ likes, recipe.shrinkage), fallback)


def cosine(counts: sparse.csr_array, shrinkage: float) -> NDArray[np.float32]:
    """Return (item, item): n_ij / (sqrt(n_i * n_j) + shrinkage), 0 on the diagonal.

    `counts` (item, item) has n_ij, the users who like both; n_i is on the diagonal.
    """
    norms, pairs = np.sqrt(counts.diagonal()), counts.tocoo()
    denominators = norms[pairs.row] * norms[pairs.col] + np.float32(shrinkage)
    weights = np.zeros(counts.shape, np.float32)
    weights[pairs.row, pairs.col] = pairs.data / denominators
    np.fill_diagonal(weights, 0)
    return weights
