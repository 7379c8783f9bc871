"""The nearest neighbours of every item, in blocks of sparse matrices on the driver.

Memory grows with the positive interactions and with neighbours x items: there is never a matrix of
catalogue by catalogue.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from jobs.engine.item_recipes import ItemItem
from ranking.selection import top_n

MAX_PER_USER = 1000  # positive items of a user whose pairs are counted; of more, a sample
PAIRS_PER_BLOCK = 4_000_000  # pairs (user, item, other item) that a block of items counts at once

Floats = NDArray[np.float64]
# A weight per pair, from the numbers of users who have both, the first and the second item, and of
# all users.
Weigh = Callable[[Floats, Floats, Floats, float], NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class Nearest:
    """Each item's neighbours, best first: two matrices (item, neighbour) with the same entries."""

    weights: sparse.csr_array
    counts: sparse.csr_array  # numbers of users who have both


def nearest(positive: sparse.csr_array, recipe: ItemItem) -> sparse.csr_array:
    """Return (item, neighbour): the weights of each item's neighbours, best first in each row.

    `positive` (users, items) has 1 for each positive interaction. Of equal weights the lower
    position comes first. Of a user with more than `MAX_PER_USER` items, a seeded sample is counted.
    """
    sampled = limited(positive, MAX_PER_USER)
    return nearest_by(sampled, partial(similarity, recipe), recipe.neighbours).weights


def nearest_by(positive: sparse.csr_array, weigh: Weigh, n: int) -> Nearest:
    """Return the `n` neighbours of each item with the largest weights above 0.

    `positive` is as in `nearest`; here the pairs of all items of a user are counted.
    """
    by_item = positive.T.tocsr()
    n_by_item = np.diff(by_item.indptr).astype(np.float64)
    n_users = float((np.diff(positive.indptr) > 0).sum())
    columns, values, counts, lengths = [], [], [], []
    for start, end in _blocks(positive, by_item):
        both = (by_item[start:end] @ positive).tocsr()
        both.sort_indices()
        items, others = np.repeat(np.arange(start, end), np.diff(both.indptr)), both.indices
        n_both = both.data.astype(np.float64)
        weights = weigh(n_both, n_by_item[items], n_by_item[others], n_users)
        weights[items == others] = 0
        for row in range(end - start):
            of_row = slice(both.indptr[row], both.indptr[row + 1])
            best = _best(weights[of_row], n)
            columns.append(others[of_row][best])
            values.append(weights[of_row][best])
            counts.append(both.data[of_row][best])
            lengths.append(len(best))
    return Nearest(from_rows(columns, values, lengths), from_rows(columns, counts, lengths))


def similarity(
    recipe: ItemItem, both: Floats, of_item: Floats, of_other: Floats, n_users: float
) -> NDArray[np.float32]:
    """Return the similarity of each pair of items; see `ItemItem` for the formulas.

    Args:
        recipe: names the formula and its constants.
        both: numbers of users who have both items, one per pair.
        of_item: numbers of users who have the first item.
        of_other: numbers of users who have the second item.
        n_users: number of users with at least one item.
    """
    if recipe.similarity == "cosine":
        size = of_item**recipe.exponent * of_other ** (1 - recipe.exponent) + recipe.shrinkage
        return np.asarray(both / np.maximum(size, 1e-12), np.float32)
    ratio = log_likelihood(both, of_item, of_other, n_users)
    ratio[both * n_users <= of_item * of_other] = 0
    return np.asarray(ratio / np.maximum(ratio + recipe.shrinkage, 1e-12), np.float32)


def log_likelihood(both: Floats, of_item: Floats, of_other: Floats, n_users: float) -> Floats:
    """Return Dunning's G² of each pair, from the numbers of users who have both, one or no item.

    The arguments are those of `similarity`.
    """
    only_item, only_other = of_item - both, of_other - both
    neither = n_users - both - only_item - only_other
    cells = _x_log_x(both) + _x_log_x(only_item) + _x_log_x(only_other) + _x_log_x(neither)
    rows = _x_log_x(of_item) + _x_log_x(n_users - of_item)
    columns = _x_log_x(of_other) + _x_log_x(n_users - of_other)
    total = _x_log_x(np.array(n_users))
    return np.maximum(2 * (cells - rows - columns + total), 0)


def limited(positive: sparse.csr_array, n: int) -> sparse.csr_array:
    """Return the matrix with a seeded sample of `n` items of each user who has more."""
    lengths = np.diff(positive.indptr)
    if (lengths <= n).all():
        return positive
    keep = np.ones(positive.nnz, bool)
    for row in np.flatnonzero(lengths > n).tolist():
        drawn = np.random.default_rng([n, row]).permutation(lengths[row])
        keep[positive.indptr[row] + drawn[n:]] = False
    rows = np.repeat(np.arange(len(lengths)), lengths)[keep]
    return sparse.csr_array((positive.data[keep], (rows, positive.indices[keep])), positive.shape)


def from_rows(
    columns: list[NDArray[np.int32]], values: list[NDArray[np.float32]], lengths: list[int]
) -> sparse.csr_array:
    """Return the square matrix of these rows, each in the given order.

    Row i has `values[i]` in `columns[i]`; `lengths` has the number of both.
    """
    starts = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])
    indices = np.concatenate([np.empty(0, np.int32), *columns]).astype(np.int32)
    data = np.concatenate([np.empty(0, np.float32), *values]).astype(np.float32)
    return sparse.csr_array((data, indices, starts), (len(lengths), len(lengths)))


def _blocks(positive: sparse.csr_array, by_item: sparse.csr_array) -> Iterator[tuple[int, int]]:
    """Yield ranges of items with about `PAIRS_PER_BLOCK` pairs, at least one item each."""
    n_by_user = np.diff(positive.indptr).astype(np.float64)
    n_pairs_by_item = by_item @ n_by_user
    block = (np.cumsum(n_pairs_by_item) / PAIRS_PER_BLOCK).astype(np.int64)
    ends = np.flatnonzero(np.diff(block)) + 1
    bounds = [0, *ends.tolist(), len(n_pairs_by_item)]
    return ((start, end) for start, end in pairwise(bounds) if start < end)


def _best(weights: NDArray[np.float32], n: int) -> NDArray[np.int64]:
    """Return the positions of the `n` largest positive weights, largest first."""
    return top_n(np.where(weights > 0, weights, -np.inf).astype(np.float32), n)


def _x_log_x(x: Floats) -> Floats:
    return np.asarray(x * np.log(np.where(x > 0, x, 1)), np.float64)
