"""Similar items: by cosines of factors, by an item-item model, or by cosines of categories."""

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from jobs.engine.catalogue import Catalogue
from jobs.engine.learning.lists import SCORES_PER_BLOCK
from ranking.selection import top_n_by_row
from ranking.similarity import unit_rows


def by_factors(
    catalogue: Catalogue, factors: NDArray[np.float32], n: int
) -> dict[str, list[tuple[str, float]]]:
    """Return for each item at most `n` (item id, cosine), most similar first, ties by item id.

    `factors` has a row for each position. An item whose factors are all 0 is in no list and has no
    list.
    """
    return _similar(catalogue, unit_rows(factors), np.ones(len(catalogue), np.float32), n)


def by_category(
    catalogue: Catalogue, popularity: NDArray[np.float32], n: int
) -> dict[str, list[tuple[str, float]]]:
    """Return for each item at most `n` (item id, score): cosine of categories times a weight.

    The weight rises with the log of popularity from 0.5 to 1, so that popular items come first
    among items of the same categories. Items that share no category are not similar.
    """
    logs = np.log1p(popularity)
    weight = (1 + logs / max(float(logs.max(initial=0)), 1e-12)) / 2
    units = catalogue.category_units.astype(np.float32)
    return _similar(catalogue, units, weight.astype(np.float32), n)


def _similar(
    catalogue: Catalogue,
    units: NDArray[np.float32] | sparse.csr_array,
    weight: NDArray[np.float32],
    n: int,
) -> dict[str, list[tuple[str, float]]]:
    """Return for each item at most `n` (item id, score): the cosine times the other's `weight`.

    `units` has a row of length 1 for each position, or of zeros for an item that has no list.
    """
    similar: dict[str, list[tuple[str, float]]] = {}
    has_units = np.asarray(abs(units).sum(axis=1) > 0, bool)
    rows = max(1, SCORES_PER_BLOCK // max(1, len(catalogue)))
    transposed = units.T if isinstance(units, np.ndarray) else units.T.tocsr()
    for start in range(0, len(catalogue), rows):
        block = slice(start, start + rows)
        cosines = units[block] @ transposed
        scores = (cosines if isinstance(cosines, np.ndarray) else cosines.toarray()) * weight
        scores[:, ~has_units] = -np.inf
        scores[np.arange(len(scores)), np.arange(start, start + len(scores))] = -np.inf
        scores[scores <= 0] = -np.inf
        for item, others in enumerate(top_n_by_row(scores, n), start):
            if has_units[item] and len(others):
                values = scores[item - start, others].tolist()
                similar[catalogue.ids[item]] = list(zip(catalogue.ids[others], values, strict=True))
    return similar
