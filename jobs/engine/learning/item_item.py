"""Item-item models: fit, and scores as sums of weights from the positive items.

`ItemItem` keeps each item's nearest neighbours and is fitted for catalogues of any size: on the
driver up to `MAX_DRIVER_PAIRS` positive interactions, by Spark beyond. `Ease` inverts a matrix of
catalogue by catalogue, so its catalogue is limited to `MAX_ITEMS`.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pyspark.sql import DataFrame
from scipy import linalg, sparse

from jobs.engine.catalogue import Catalogue
from jobs.engine.errors import NothingToLearnError, TooManyItemsError
from jobs.engine.item_recipes import Ease, ItemItem
from jobs.engine.learning import neighbours, neighbours_in_spark
from jobs.engine.learning.lists import Block, Scorer
from jobs.engine.learning.popularity import PopularityScorer
from ranking.selection import top_n_by_row

MAX_ITEMS = 8000  # of EASE: 256 MB per matrix
_ROWS_PER_BLOCK = 500  # of the matrix of weights, whose largest ones are chosen block by block
MAX_DRIVER_PAIRS = 20_000_000  # 1 GB while the matrix is built


@dataclass(frozen=True)
class ItemScorer:
    """Scores an item by the sum of its weights from the user's positive items.

    Users without a positive item are scored by the fallback.
    """

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


@dataclass(frozen=True)
class NeighbourScorer:
    """Scores an item by the sum of its weights as a neighbour of the user's positive items.

    Items without a positive sum follow in the order of their popularity: their scores are `rest`,
    from -1 to 0. Users without any positive sum are scored by the fallback.
    """

    weights: sparse.csr_array  # (liked item, neighbour), best first in each row
    rest: NDArray[np.float32]  # by position
    fallback: Scorer

    def scores(self, block: Block) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Return scores (users, items), personalised for users with a positive sum."""
        sums = (block.likes(self.weights.shape[0]) @ self.weights).toarray()
        is_reached = sums > 0
        scores = np.where(is_reached, sums, self.rest)
        personalised = np.asarray(is_reached.any(axis=1), bool)
        if not personalised.all():
            scores[~personalised] = self.fallback.scores(block)[0][~personalised]
        return scores, personalised


def fit(
    positive: DataFrame, recipe: ItemItem | Ease, catalogue: Catalogue, fallback: PopularityScorer
) -> ItemScorer | NeighbourScorer:
    """Return the scorer of the recipe, learned from `positive` (user, item), one row per pair.

    Raises:
        NothingToLearnError: there are no positive interactions.
        TooManyItemsError: the catalogue is too large for EASE.
    """
    if isinstance(recipe, Ease):
        return _ease(positive, recipe, catalogue, fallback)
    pairs = positive.select("user", "item")
    if pairs.count() > MAX_DRIVER_PAIRS:
        weights = neighbours_in_spark.nearest(pairs, recipe, catalogue)
    else:
        weights = neighbours.nearest(matrix(pairs, catalogue), recipe)
    if not weights.nnz:
        raise NothingToLearnError(
            f"{recipe.name}: no two items have a user in common. Send more events, or choose a "
            "popularity recipe"
        )
    return NeighbourScorer(weights, rest(fallback.by_segment[0]), fallback)


def rest(popularity: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return (items,): the scores of items without a positive sum, from -1 to 0.

    They are the popularity divided by the largest popularity, minus 1.
    """
    most_popular = np.float32(max(float(popularity.max(initial=0)), 1e-12))
    return np.asarray(popularity / most_popular - 1, np.float32)


def matrix(positive: DataFrame, catalogue: Catalogue) -> sparse.csr_array:
    """Return (users, items) with 1 for each row of `positive` (user, item) in the catalogue.

    The users are in ascending order. Items are at their position in the catalogue.
    """
    rows = positive.select("user", "item").toArrow()
    positions = catalogue.positions(rows["item"].to_numpy().astype(np.int32))
    users = np.unique(rows["user"].to_numpy(), return_inverse=True)[1]
    shape = (int(users.max(initial=-1)) + 1, len(catalogue))
    is_listed = positions >= 0
    cells = (users[is_listed], positions[is_listed])
    return sparse.csr_array((np.ones(len(cells[0]), np.float32), cells), shape)


def ease(likes: sparse.csr_array, reg: float) -> NDArray[np.float32]:
    """Return (item, item): B = -P / diag(P) by column, P = (X'X + reg I)^-1, diagonal 0.

    This is the least-squares reconstruction of each row of X, `likes` (user, item), from its other
    items: Steck 2019, equation 8. Single precision is enough because `reg` keeps the matrix
    well-conditioned.
    """
    has_few_users = likes.shape[0] < likes.shape[1] / 2
    inverse = _inverse_by_users(likes, reg) if has_few_users else _inverse_by_items(likes, reg)
    weights = -inverse / np.diag(inverse)
    np.fill_diagonal(weights, 0)
    return np.asarray(weights, np.float32)


def _inverse_by_items(likes: sparse.csr_array, reg: float) -> NDArray[np.float32]:
    """Return (item, item): (X'X + reg I)^-1. Cholesky takes half as long as LU."""
    regular = _products(likes.T, reg)
    factor, _ = linalg.cho_factor(regular, lower=True, overwrite_a=True)
    half, _ = linalg.lapack.spotri(factor, lower=True, overwrite_c=True)
    lower = np.tril(half)
    return np.asarray(lower + np.tril(lower, -1).T, np.float32)


def _inverse_by_users(likes: sparse.csr_array, reg: float) -> NDArray[np.float32]:
    """Return (item, item): (X'X + reg I)^-1, by the inverse of a matrix (user, user).

    By the Woodbury identity it is (I - X' (XX' + reg I)^-1 X) / reg.
    """
    factor = linalg.cholesky(_products(likes, reg), lower=True, overwrite_a=True)
    root = linalg.solve_triangular(factor, likes.toarray(), lower=True)
    inverse = root.T @ root
    inverse *= np.float32(-1 / reg)
    inverse[np.diag_indices_from(inverse)] += np.float32(1 / reg)
    return np.asarray(inverse, np.float32)


def _products(rows: sparse.csr_array, reg: float) -> NDArray[np.float32]:
    """Return (row, row): the products of all pairs of rows, `reg` added on the diagonal."""
    products = np.asarray((rows @ rows.T).toarray(), np.float32)
    products[np.diag_indices_from(products)] += np.float32(reg)
    return products


def largest(weights: NDArray[np.float32], n: int) -> sparse.csr_array:
    """Return (item, item): of each row of `weights` the `n` with the largest absolute values.

    The highest weight comes first in its row. Weights of 0 are left out.
    """
    columns, values = [], []
    for start in range(0, len(weights), _ROWS_PER_BLOCK):
        block = weights[start : start + _ROWS_PER_BLOCK]
        for row, kept in zip(block, top_n_by_row(_sizes(block), n), strict=True):
            highest_first = kept[np.argsort(-row[kept], kind="stable")].astype(np.int32)
            columns.append(highest_first)
            values.append(row[highest_first])
    return neighbours.from_rows(columns, values, [len(of_row) for of_row in columns])


def _sizes(weights: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the absolute values; minus infinity for weights of 0."""
    return np.where(weights != 0, np.abs(weights), -np.inf).astype(np.float32)


def _ease(
    positive: DataFrame, recipe: Ease, catalogue: Catalogue, fallback: PopularityScorer
) -> ItemScorer | NeighbourScorer:
    if len(catalogue) > MAX_ITEMS:
        raise TooManyItemsError(recipe.name, len(catalogue), MAX_ITEMS)
    likes = matrix(positive, catalogue)
    if not likes.nnz:
        raise NothingToLearnError(
            f"{recipe.name}: there is no positive interaction. Send events, or lower "
            "`relevant_from` or `positive_from` in the manifest"
        )
    weights = ease(likes, recipe.reg)
    if recipe.neighbours is None:
        return ItemScorer(weights, fallback)
    kept = largest(weights, recipe.neighbours)
    return NeighbourScorer(kept, rest(fallback.by_segment[0]), fallback)
