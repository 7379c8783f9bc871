"""Items taken together, counted in plain Python."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable
from itertools import combinations

import numpy as np

from jobs.engine import together


def g2(n_both: int, n_one: int, n_other: int, n: int) -> float:
    """Return 2 Σ observed log(observed / expected) over the four cells."""
    neither = n - n_one - n_other + n_both
    observed = [n_both, n_one - n_both, n_other - n_both, neither]
    rows, columns = (n_one, n - n_one), (n_other, n - n_other)
    expected = [row * column / n for row in rows for column in columns]
    cells = zip(observed, expected, strict=True)
    return 2 * sum(seen * math.log(seen / by_chance) for seen, by_chance in cells if seen)


def expected_pairs(
    baskets: Iterable[Iterable[int]], n_items: int
) -> dict[int, list[tuple[float, int, int]]]:
    """Return by item (ratio, other item, number of baskets) of the pairs to keep, best first."""
    sets = [{*basket} for basket in baskets]
    n_of = Counter(item for basket in sets for item in basket)
    n_both = Counter(pair for basket in sets for pair in combinations(sorted(basket), 2))
    least, kept = together.least_ratio(n_items), defaultdict(list)
    for (one, other), n in n_both.items():
        ratio = float(np.float32(g2(n, n_of[one], n_of[other], len(sets))))
        is_more = n * len(sets) > n_of[one] * n_of[other]
        if n >= together.MIN_BASKETS and is_more and ratio >= least:
            kept[one].append((ratio, other, n))
            kept[other].append((ratio, one, n))
    return {i: sorted(of_item, key=lambda row: (-row[0], row[1])) for i, of_item in kept.items()}
