"""Selection of the highest scores, with one tie rule: the lower position comes first."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Scores = NDArray[np.float32]
Positions = NDArray[np.int64]


def top_n(scores: Scores, n: int) -> Positions:
    """Return the positions of the `n` highest scores, best first.

    A score of minus infinity is never selected, so the result may be shorter.
    """
    n = min(n, len(scores))
    if n == 0:
        return np.empty(0, np.int64)
    return _at_least(scores, np.partition(scores, -n)[-n], n)


def top_n_by_row(scores: Scores, n: int) -> Iterator[Positions]:
    """Yield the `top_n` of each row of `scores` (rows, items), from one partition of them all."""
    n = min(n, scores.shape[1])
    if n == 0:
        yield from (np.empty(0, np.int64) for _ in scores)
        return
    floors = np.partition(scores, -n, axis=1)[:, -n]
    for row, floor in zip(scores, floors, strict=True):
        yield _at_least(row, floor, n)


def _at_least(scores: Scores, floor: np.float32, n: int) -> Positions:
    positions = np.flatnonzero((scores >= floor) & (scores > -np.inf))
    return positions[np.argsort(-scores[positions], kind="stable")[:n]]
