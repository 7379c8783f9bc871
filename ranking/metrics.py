"""Metrics of ranked lists: accuracy of one user's list, and exposure over many lists."""

import numpy as np
from numpy.typing import NDArray

from ranking.similarity import unit_rows

Floats = NDArray[np.float64]


def discounts(k: int) -> Floats:
    """Return (k,), the gain of a hit at each rank: 1 / log2(rank + 1), ranks from 1."""
    return np.asarray(1 / np.log2(np.arange(2, k + 2)), np.float64)


def ideal_gains(k: int) -> Floats:
    """Return (k,), the discounted gain of the best list with 1 to k hits."""
    return np.asarray(np.cumsum(discounts(k)), np.float64)


def ndcg(hits: Floats, n_relevant: NDArray[np.integer]) -> Floats:
    """Return (users,), NDCG@k with binary gains. See Järvelin and Kekäläinen 2002.

    The ideal list holds min(k, n) hits.

    Args:
        hits: (users, k), 1 where the item at that rank is relevant; 0 beyond the end of a list.
        n_relevant: (users,), at least 1.
    """
    k = hits.shape[1]
    return np.asarray(hits @ discounts(k) / ideal_gains(k)[np.minimum(n_relevant, k) - 1])


def recall(hits: Floats, n_relevant: NDArray[np.integer]) -> Floats:
    """Return (users,), the hits divided by min(k, n), the most that are possible. See `ndcg`."""
    return np.asarray(hits.sum(axis=1) / np.minimum(n_relevant, hits.shape[1]), np.float64)


def gini(exposure: Floats) -> float:
    """Return the Gini coefficient of non-negative numbers; 0 if all of them are 0."""
    total, n = float(exposure.sum()), len(exposure)
    if not total:
        return 0.0
    weights = 2 * np.arange(1, n + 1) - n - 1
    return float((weights * np.sort(exposure)).sum() / (n * total))


def novelty(exposure: Floats, rated_share: Floats) -> float:
    """Return the mean of -log2 of the share of users who rated an item, weighted by exposure."""
    return float((exposure * -np.log2(rated_share)).sum() / exposure.sum())


def diversity(categories: NDArray[np.generic]) -> float | None:
    """Return 1 minus the mean cosine of two items, rows of 0 and 1; None for fewer than two."""
    n = len(categories)
    if n < 2:  # noqa: PLR2004 # a pair
        return None
    units = unit_rows(categories.astype(np.float64))
    total = units.sum(axis=0)  # its square is the sum of all cosines, without a matrix of pairs
    return float(1 - (total @ total - (units**2).sum()) / (n * (n - 1)))
