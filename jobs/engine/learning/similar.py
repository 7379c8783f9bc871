"""Items like an item: by the cosine of their factors; without factors by what kind they are."""

import numpy as np
from numpy.typing import NDArray

from jobs.engine.catalogue import Catalogue
from jobs.engine.learning.lists import SCORES_AT_ONCE
from ranking.selection import top_n_by_row
from ranking.similarity import unit_rows


def by_factors(
    catalogue: Catalogue, factors: NDArray[np.float32], n: int
) -> dict[str, list[tuple[str, float]]]:
    """Return for each item at most `n` (item id, cosine), most alike first, ties by item id.

    An item whose factors are all nought is like none, and none is like it.

    Args:
        catalogue: the items.
        factors: a row for each place.
        n: length of a full list.
    """
    return _alike(catalogue, unit_rows(factors), np.ones(len(catalogue), np.float32), n)


def by_category(
    catalogue: Catalogue, popularity: NDArray[np.float32], n: int
) -> dict[str, list[tuple[str, float]]]:
    """Return for each item at most `n` (item id, score): cosine of categories times fame.

    Fame is 0.5 for an item that nobody likes to 1 for the most popular: among items of one kind,
    people know what they are shown. Items that share no category are not alike.
    """
    known = np.log1p(popularity) / max(float(np.log1p(popularity).max(initial=0)), 1e-12)
    fame = ((1 + known) / 2).astype(np.float32)
    return _alike(catalogue, unit_rows(catalogue.categories), fame, n)


def _alike(
    catalogue: Catalogue, units: NDArray[np.float32], weight: NDArray[np.float32], n: int
) -> dict[str, list[tuple[str, float]]]:
    found: dict[str, list[tuple[str, float]]] = {}
    known = np.asarray(units.any(axis=1), bool)
    rows = max(1, SCORES_AT_ONCE // max(1, len(catalogue)))
    for start in range(0, len(catalogue), rows):
        block = slice(start, start + rows)
        scores = (units[block] @ units.T) * weight
        scores[:, ~known] = -np.inf
        scores[np.arange(len(scores)), np.arange(start, start + len(scores))] = -np.inf
        scores[scores <= 0] = -np.inf
        for place, alike in enumerate(top_n_by_row(scores, n), start):
            if known[place] and len(alike):
                values = scores[place - start, alike].tolist()
                found[catalogue.ids[place]] = list(zip(catalogue.ids[alike], values, strict=True))
    return found
