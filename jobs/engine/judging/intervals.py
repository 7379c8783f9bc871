"""Confidence intervals of mean paired differences: a seeded bootstrap over users."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_RESAMPLES = 2000
_VALUES_PER_BATCH = 100_000  # fit into the CPU cache


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean and its 95 % interval."""

    mean: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.mean:+.4f} [{self.low:+.4f}, {self.high:+.4f}]"


def paired(differences: NDArray[np.float64], *, seed: int = 1) -> Interval:
    """Return the mean of `differences` (one per user) with its 95 % percentile interval.

    See Efron and Tibshirani 1993, chapter 13.

    Raises:
        ValueError: there are no users.
    """
    if not len(differences):
        raise ValueError("no user to compare")
    rng, n = np.random.default_rng(seed), len(differences)
    per_batch = max(1, _VALUES_PER_BATCH // n)
    single = differences.astype(np.float32)  # half the memory: 2 s instead of 5 s for 200,000 users
    means = [
        single.take(rng.integers(0, n, (min(per_batch, _RESAMPLES - done), n))).mean(
            axis=1, dtype=np.float64
        )
        for done in range(0, _RESAMPLES, per_batch)
    ]
    low, high = np.quantile(np.concatenate(means), [0.025, 0.975])
    return Interval(float(differences.mean()), float(low), float(high))
