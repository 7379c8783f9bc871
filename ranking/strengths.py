"""Strengths of events of several kinds, as of a recipe's weighting `events`, in numpy."""

from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

MIN_REMAINING = 1e-6  # keeps the strength of an old event above 0
MAX_VALUE: Final = 1e9  # of an event; the amount of several events is cut to it
Floats = NDArray[np.float64]


def of_events(
    amounts: Floats,
    ages_days: Floats,
    weights: Floats,
    *,
    saturation: Literal["binary", "log1p", "capped"],
    cap: float = 5,
    half_life_days: float | None = None,
) -> Floats:
    """Return (pairs,): the sum over kinds of weight x saturation(amount) x decay.

    `amounts` and `ages_days` (pairs, kinds) are of the events of a kind, 0 without one; the age is
    that of the newest event.
    """
    above = np.maximum(amounts, 0)
    match saturation:
        case "binary":
            saturated = (above > 0).astype(np.float64)
        case "log1p":
            saturated = np.log1p(above)
        case "capped":
            saturated = np.minimum(above, cap)
    return np.asarray((saturated * remaining(ages_days, half_life_days)) @ weights)


def remaining(ages_days: Floats, half_life_days: float | None) -> Floats:
    """Return the share of a strength that is left: half after each half-life, all without one."""
    if half_life_days is None:
        return np.ones_like(ages_days)
    shares = 0.5 ** (np.maximum(ages_days, 0) / half_life_days)
    return np.asarray(np.maximum(shares, MIN_REMAINING))
