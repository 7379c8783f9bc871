"""Where the items of shelves come from: one function per source, and the table `SOURCES`.

A function gets the visit and a query, and returns items that no earlier shelf has. Hidden, removed
and barred items are on no shelf. What leaves the user's list (rated, or bought and not to be
repeated) is on shelves of `again` only. Of the slate rules, shelves other than `for_you` follow
those that bar items, as shelves without a user do.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ranking.selection import Positions
from serving.filters.filtering import Filter
from serving.items import CatalogueItem, ListedItem, ScoredItem, listed
from serving.lists import shelves
from serving.lists.building import ListBuilder
from serving.lists.outcomes import ReRanked, rebuilt
from serving.lists.precomputed import ListRequest
from serving.lists.releases.loaded import LoadedRelease
from serving.lists.scoring import UserScores
from serving.lists.together import taken_together
from serving.placements import newest
from serving.placements.compiling import CompiledShelf
from serving.placements.visit import Visit
from serving.schemas import ListKind, ShelfSource
from serving.storage.prepared import Prepared

TRENDING_SECONDS = 5.0  # lifetime of a process's copy of the trending items
CHUNK = 32  # positions that are looked at together

_SIMILAR = Prepared(
    "similar_to_items",
    {"release_id": "bigint", "item_ids": "text[]"},
    """
    select item_id, item_ids, scores from similar_items
    where release_id = :release_id and item_id = any (:item_ids) order by item_id
    """,
)


@dataclass(frozen=True, slots=True)
class Query:
    """What a shelf asks its source for. `taken`: the items that it must not have."""

    compiled: CompiledShelf
    filtered_by: Filter | None
    taken: AbstractSet[str]
    nth: int  # number of shelves before it with the same source

    @property
    def limit(self) -> int:
        """Largest number of items."""
        return self.compiled.shelf.limit


@dataclass(frozen=True, slots=True)
class Found:
    """The items of a shelf, best first; `kind` of a list for a user."""

    items: tuple[ListedItem, ...]
    kind: ListKind | None = None
    category: str | None = None


Source = Callable[[Visit, Query], Found]


@dataclass(frozen=True)
class _OfVisit(ListBuilder):
    """Builds one of several lists of a visit; all of them use the same scores."""

    visit: Visit

    @cached_property
    def scored(self) -> UserScores:
        """The user's scores, computed once for all shelves."""
        return self.visit.scored


def for_you(visit: Visit, query: Query) -> Found:
    """Return the user's list, under all slate rules; popular items for an anonymous user."""
    request = ListRequest(
        limit=query.limit,
        exclude=tuple(query.taken),
        explain=visit.explain,
        filtered_by=query.filtered_by,
    )
    builder = _OfVisit(visit.release, visit.slate, visit.state, request, visit)
    if visit.precomputed is not None:
        outcome = rebuilt(visit.precomputed, builder)
        if isinstance(outcome, ReRanked):
            return Found(builder.listed(outcome.pool), visit.precomputed.kind)
    return Found(builder.listed(builder.pool()), builder.kind_online())


def similar(visit: Visit, query: Query) -> Found:
    """Return the items most similar to the given ones: by the mean of their similarities."""
    if not visit.given:
        return Found(())
    given = [item.item_id for item in visit.given]
    parameters = {"release_id": visit.release.release_id, "item_ids": given}
    similar_to = {
        row.item_id: [*zip(row.item_ids, row.scores, strict=True)]
        for row in _SIMILAR.execute(visit.connection, **parameters)
    }
    sums: dict[str, float] = {}
    for given_id in given:
        pairs = visit.release.similar_by_content(given_id)
        for item_id, score in similar_to.get(given_id, ()) if pairs is None else pairs:
            sums[item_id] = sums.get(item_id, 0.0) + score
    catalogue = visit.release.catalogue
    means = [(catalogue[i], value / len(given)) for i, value in sums.items() if value > 0]
    best = sorted(means, key=lambda pair: -pair[1])
    return _first(visit, query, (ScoredItem(*pair) for pair in best))


def together(visit: Visit, query: Query) -> Found:
    """Return the items that users take together with the given ones."""
    if not visit.given:
        return Found(())
    given, unwanted = [item.item_id for item in visit.given], query.taken | visit.unwanted
    items = taken_together(
        visit.connection,
        visit.release,
        visit.slate,
        given,
        query.limit,
        exclude=unwanted,
        filtered_by=query.filtered_by,
    )
    return _first(visit, query, items)


def popular_in_favourite_category(visit: Visit, query: Query) -> Found:
    """Return the most popular items of the category of most of the user's positive items.

    The second shelf of this source has the second category, and so on.
    """
    if query.nth >= len(visit.favourite_categories):
        return Found(())
    category = visit.favourite_categories[query.nth]
    release = visit.release
    positions = _popular(release, category)
    items = _at(visit, query, positions, release.popularity)
    return _first(visit, query, items, category=category)


def trending(visit: Visit, query: Query) -> Found:
    """Return the items with the largest sum of recent positive ratings, as `shelves.trending_now`.

    The sums are kept for `TRENDING_SECONDS`.
    """
    positions, signal = _trending(visit)
    return _first(visit, query, _at(visit, query, positions, signal))


def new(visit: Visit, query: Query) -> Found:
    """Return the items that are sold since last, or those that were added last.

    Items with a time in the attribute `since` of the manifest's `[display]` come first, by this
    time, then the others by the time at which they were added; of equal times, by year and
    popularity. The score is that time, in seconds since 1970. What was read is kept
    until an item changes, so a request with a filter of its own costs little.
    """
    compiled, memory = query.compiled, visit.release.memory
    if query.filtered_by is compiled.filtered_by:
        if not compiled.newest:
            compiled.newest.append(newest.first(visit, compiled.filtered_by, newest.MAX_OF_SHELF))
        return _first(visit, query, compiled.newest[0])
    if "newest" not in memory:
        memory["newest"] = newest.first(visit, None, newest.MAX_FILTERED)
    return _first(visit, query, memory["newest"])


def again(visit: Visit, query: Query) -> Found:
    """Return the user's positive items, such as those that they bought, the newest first.

    The score is the time of the newest event, in seconds since 1970.
    """
    catalogue = visit.release.catalogue
    liked = (
        ScoredItem(catalogue[item_id], micros / 1e6)
        for item_id, micros in visit.liked
        if item_id in catalogue
    )
    return _first(visit, query, liked, unwanted=visit.state.hidden)


SOURCES: Mapping[ShelfSource, Source] = {
    "for_you": for_you,
    "similar": similar,
    "together": together,
    "popular_in_favourite_category": popular_in_favourite_category,
    "trending": trending,
    "new": new,
    "again": again,
}


def _first(
    visit: Visit,
    query: Query,
    candidates: Iterable[ScoredItem],
    *,
    unwanted: AbstractSet[str] | None = None,
    category: str | None = None,
) -> Found:
    """Return the first candidates that may be shown. `unwanted`: by default the visit's."""
    excluded = visit.unwanted if unwanted is None else unwanted
    taken, barred, filtered_by = query.taken, visit.slate.barred, query.filtered_by
    items, scores = list[CatalogueItem](), list[float]()
    for item, score in candidates:
        if len(items) == query.limit:
            break
        item_id = item.item_id
        if item_id in taken or item_id in excluded or item_id in barred:
            continue
        if filtered_by is None or visit.release.passes(filtered_by, item):
            items.append(item)
            scores.append(score)
    return Found(listed(items, scores), category=category)


def _at(
    visit: Visit, query: Query, positions: Positions, scores: NDArray[np.float32]
) -> Iterator[ScoredItem]:
    """Yield the items at these positions, a few at a time, without those outside the filter."""
    release = visit.release
    if query.filtered_by is not None:
        positions = positions[~release.outside_filter(query.filtered_by)[positions]]
    for start in range(0, len(positions), CHUNK):
        chunk = positions[start : start + CHUNK]
        yield from release.scored(chunk, scores[chunk])


def _popular(release: LoadedRelease, category: str) -> Positions:
    """Return the positions of a category's items, the most popular first, ties by position."""
    of_category: dict[str, Positions] = release.memory.setdefault("popular", {})
    if category not in of_category:
        positions = np.array(release.by_category.get(category, ()), np.int64)
        of_category[category] = _descending(positions, release.popularity)
    return of_category[category]


def _trending(visit: Visit) -> tuple[Positions, NDArray[np.float32]]:
    """Return the positions of the trending items, the largest value first, and all values."""
    release, now = visit.release, time.monotonic()
    read_at, trend = release.lasting.get("trending shelf", (-np.inf, None))
    if trend is None or now - read_at > TRENDING_SECONDS:
        signal = shelves.trending_now(visit.connection, release)
        trend = _descending(np.arange(len(signal)), signal), signal
        release.lasting["trending shelf"] = (now, trend)
    positions, signal = trend
    return positions, signal


def _descending(positions: Positions, values: NDArray[np.float32]) -> Positions:
    """Return those of the positions with a value above 0, the largest value first."""
    positions = positions[values[positions] > 0]
    return positions[np.argsort(-values[positions], kind="stable")]
