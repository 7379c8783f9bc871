"""The newest items of a release: those that are sold since last, then those added last."""

import numpy as np
from sqlalchemy import text

from serving.filters.filtering import Filter
from serving.items import ScoredItem
from serving.lists.releases.loaded import LoadedRelease
from serving.placements.visit import Visit

MAX_OF_SHELF = 1000  # candidates of a shelf: the newest items that pass its filter
MAX_FILTERED = 10_000  # newest items among which other filters choose

_NEWEST = """
    select item_id, extract(epoch from added_at)::float8 as added from items
    where not removed and (withdrawn @> cast(:release_id as bigint)) is not true and %s
    order by added_at desc, released desc nulls last limit :limit
"""


def first(visit: Visit, filtered_by: Filter | None, limit: int) -> list[ScoredItem]:
    """Return the newest items that pass a filter, the newest first."""
    dated = _sold_since_last(visit.release, filtered_by, limit)
    if len(dated) == limit:
        return dated
    ids = {scored.item.item_id for scored in dated}
    added = _added_last(visit, filtered_by, limit)
    return [*dated, *(scored for scored in added if scored.item.item_id not in ids)][:limit]


def _sold_since_last(
    release: LoadedRelease, filtered_by: Filter | None, limit: int
) -> list[ScoredItem]:
    if release.since is None:
        return []
    columns = release.columns
    times = columns.times(release.since)[release.column_rows]
    chosen = ~np.isnat(times)
    if filtered_by is not None:
        chosen &= release.passing(filtered_by)[release.column_rows]
    rows, micros = release.column_rows[chosen], times[chosen].astype(np.int64)
    newest_first = np.argsort(-micros, kind="stable")[:limit]
    dated = [
        ScoredItem(columns.items[rows[at]], float(micros[at]) / 1e6) for at in newest_first.tolist()
    ]
    return sorted(dated, key=lambda scored: _newness(release, scored), reverse=True)


def _added_last(visit: Visit, filtered_by: Filter | None, limit: int) -> list[ScoredItem]:
    release = visit.release
    parameters: dict[str, float | str] = {"release_id": release.release_id, "limit": limit}
    condition = "true"
    if filtered_by is not None:
        condition, parameters = filtered_by.sql, parameters | filtered_by.parameters
    rows = visit.connection.execute(text(_NEWEST % condition), parameters)
    items = [
        ScoredItem(release.catalogue[row.item_id], row.added)
        for row in rows
        if row.item_id in release.catalogue
    ]
    return sorted(items, key=lambda scored: _newness(release, scored), reverse=True)


def _newness(release: LoadedRelease, scored: ScoredItem) -> tuple[float, int, float]:
    position = release.positions.get(scored.item.item_id)
    popularity = 0.0 if position is None else float(release.popularity[position])
    return scored.score, scored.item.released or 0, popularity
