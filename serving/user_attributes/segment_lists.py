"""The fallback lists of segments in memory: popularities for lists that are computed online."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, text

SegmentLists = Mapping[str, Mapping[str, float]]  # scores by item id, best first, by segment

_LISTS = text(
    """
    select segment, item_ids, scores from fallback_lists
    where release_id = :release_id and segment <> ''
    """
)
_BELOW = 0.999  # share of the list's lowest score that the best of the other items gets


def load(connection: Connection, release_id: int) -> SegmentLists:
    """Return the fallback lists of a release, without that of all users."""
    rows = connection.execute(_LISTS, {"release_id": release_id})
    return {row.segment: dict(zip(row.item_ids, row.scores, strict=True)) for row in rows}


def popularity(
    listed: Mapping[str, float], positions: Mapping[str, int], of_all: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return the popularity of each position among the users of a segment.

    The items of the segment's list have its scores. The others have the popularity among all users,
    scaled so that they follow the list.
    """
    if not listed:
        return of_all
    known = {positions[i]: score for i, score in listed.items() if i in positions}
    at = np.array([*known], np.int64)
    scores = of_all.copy()
    scores[at] = 0
    most, lowest = float(scores.max(initial=0)), min(listed.values())
    if most >= lowest:
        scores *= np.float32(_BELOW * lowest / most if most else 0)
    scores[at] = [*known.values()]
    return scores
