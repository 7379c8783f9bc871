"""Selection of the highest scores, with one tie rule: the lower position comes first."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Scores = NDArray[np.float32]
Positions = NDArray[np.int64]
_STRETCHES, _MIN_LENGTH = 16, 8  # stretches of a row per selected score; scores of a stretch


def top_n(scores: Scores, n: int) -> Positions:
    """Return the positions of the `n` highest scores, best first.

    A score of minus infinity is never selected, so the result may be shorter.
    """
    return next(top_n_by_row(scores[None], n))


def top_n_by_row(scores: Scores, n: int) -> Iterator[Positions]:
    """Yield the `top_n` of each row of `scores` (rows, items)."""
    n = min(n, scores.shape[1])
    if n == 0:
        yield from (np.empty(0, np.int64) for _ in scores)
        return
    for row, floor in zip(scores, _floors(scores, n), strict=True):
        yield _at_least(row, floor, n)


def _floors(scores: Scores, n: int) -> Scores:
    """Return for each row a score that at least `n` scores reach, and few more than `n`.

    In long rows, it is the n-th highest of the largest scores of short stretches: to find these
    takes a tenth of the time of a partition of all scores.
    """
    rows, items = scores.shape
    length = items // (_STRETCHES * n)
    if length >= _MIN_LENGTH:
        n_whole = items // length
        whole = scores[:, : n_whole * length].reshape(rows, n_whole, length).max(axis=2)
        if not np.isnan(whole).any():  # they would hide the other scores of their stretches
            scores = whole
    return np.asarray(np.partition(scores, -n, axis=1)[:, -n])


def _at_least(scores: Scores, floor: np.float32, n: int) -> Positions:
    is_high = scores >= floor
    positions = np.flatnonzero(is_high if floor > -np.inf else is_high & (scores > -np.inf))
    return positions[np.argsort(-scores[positions], kind="stable")[:n]]
