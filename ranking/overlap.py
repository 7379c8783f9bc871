"""Agreement of two ranked lists."""

from collections.abc import Sequence

import numpy as np

PERSISTENCE = 0.9  # the first ten ranks have 86 % of the weight


def rank_biased_overlap(
    first: Sequence[str], second: Sequence[str], persistence: float = PERSISTENCE
) -> float:
    """Return how much two lists agree, from 0 (no common item) to 1 (equal).

    Extrapolated rank-biased overlap, equation 32 of Webber, Moffat and Zobel, "A similarity measure
    for indefinite rankings", ACM TOIS 28(4), 2010. Lists may differ in length; an item is in a list
    at most once. Two empty lists agree completely, an empty one and another not at all.

    Args:
        first: Items, best first.
        second: Items, best first.
        persistence: The probability p, between 0 and 1, that a reader goes on to the next rank.
            The smaller it is, the more weight the first ranks have.
    """
    n_short, n_long = sorted((len(first), len(second)))
    if not n_short:
        return 1.0 if not n_long else 0.0
    _, in_first, in_second = np.intersect1d(
        [*first], [*second], assume_unique=True, return_indices=True
    )
    # an item is common to both beginnings from the larger of its two ranks on
    common = np.cumsum(np.bincount(np.maximum(in_first, in_second), minlength=n_long))
    depths = np.arange(1, n_long + 1)
    agreement = common / depths
    n_common = common[n_short - 1]
    # ranks that the shorter list lacks are taken to agree as much as the ranks that it has
    beyond = np.maximum(depths - n_short, 0) / depths * (n_common / n_short)
    weights = persistence**depths
    seen = (1 - persistence) / persistence * float((agreement + beyond) @ weights)
    last = (common[-1] - n_common) / n_long + n_common / n_short
    return seen + float(last * weights[-1])
