"""Intervals of mean differences between paired values: the bootstrap over users, seeded."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 2000
DRAWN_AT_ONCE = 100_000  # numbers that stay in the processor's cache


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean and the 95 % interval around it."""

    mean: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.mean:+.4f} [{self.low:+.4f}, {self.high:+.4f}]"


def paired(differences: NDArray[np.float64], *, seed: int = 1) -> Interval:
    """Return the mean of `differences` (one per user) with its 95 % percentile interval.

    The same differences and seed give the same interval. See Efron and Tibshirani 1993, chapter 13.

    Raises:
        ValueError: there is no user.
    """
    if not len(differences):
        raise ValueError("no user to compare")
    rng = np.random.default_rng(seed)
    n = len(differences)
    at_once = max(1, DRAWN_AT_ONCE // n)
    single = differences.astype(np.float32)  # half as large: 200,000 people take 2 s, not 5
    means = [
        single.take(rng.integers(0, n, (rows, n))).mean(axis=1, dtype=np.float64)
        for rows in _parts(RESAMPLES, at_once)
    ]
    low, high = np.quantile(np.concatenate(means), [0.025, 0.975])
    return Interval(float(differences.mean()), float(low), float(high))


def _parts(whole: int, size: int) -> list[int]:
    """Return sizes that add up to the whole."""
    return [min(size, whole - done) for done in range(0, whole, size)]
