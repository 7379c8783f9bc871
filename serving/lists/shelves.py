"""Shelves, the same for all users: popular items, trending items, items of one vendor."""

import time
from collections.abc import Sequence

import numpy as np
from sqlalchemy import Connection, text

from ranking.selection import Scores, top_n
from serving.catalogue import Years
from serving.filters.filtering import Filter
from serving.items import ScoredItem, listed
from serving.lists.releases.cache import ReleaseCache
from serving.lists.releases.loaded import LoadedRelease
from serving.rules.slate import Slate
from serving.schemas import Shelf
from serving.users.shown_lists import new_list_id

REST = 10  # the newer ratings are kept for so many times as long as it took to read them
HALF_LIFE_DAYS = 14  # half-life of a positive rating, as in the release's own `trending`

# Ratings that the release has counted are in its profiles. Its events end shortly before it was
# ready: one day before that is early enough, and bounds the number of rows to compare. As float8
# a power takes a sixth of the time that it takes as numeric.
_RATED_SINCE = text(
    """
    select item_id, sum(0.5 ^ (
        greatest(extract(epoch from now() - rated_at), 0)::float8 / 86400 / :half_life_days
    ))
    from feedback
    where rating >= :relevant_from
        and rated_at >= (
            select ready_at - interval '1 day' from releases where release_id = :release_id
        )
        and not exists (
            select from profiles
            where release_id = :release_id and profiles.user_id = feedback.user_id
                and feedback.item_id = any (profiles.item_ids)
        )
    group by item_id
    """
)


def popular(
    connection: Connection,
    cache: ReleaseCache,
    *,
    category: str | None,
    released: Years = (None, None),
    filtered_by: Filter | None = None,
    limit: int,
) -> Shelf:
    """Return the most popular items: of one category, of some years, or that pass a filter.

    Items of an unknown year are left out if there is a first or a last year.

    Raises:
        NoReleaseError: the data set has no release yet.
    """
    release, slate = cache.live(connection)
    outside = release.outside_years(released)
    if filtered_by is not None:
        outside = outside | release.outside_filter(filtered_by)
    signal = np.where(outside, np.float32(0), release.popularity)
    return _best(release, slate, signal, category=category, limit=limit)


def trending(
    connection: Connection, cache: ReleaseCache, *, category: str | None, limit: int
) -> Shelf:
    """Return the items with the most recent positive ratings, newer than the release or not.

    Raises:
        NoReleaseError: the data set has no release yet.
    """
    release, slate = cache.live(connection)
    signal = trending_now(connection, release)
    return _best(release, slate, signal, category=category, limit=limit)


def trending_now(connection: Connection, release: LoadedRelease) -> Scores:
    """Return the sum of the recent positive ratings by position, with those since the release.

    Many new ratings take long to read: a process is busy with them for a tenth of the time, however
    often items change.
    """
    expires, signal = release.lasting.get("trending_now", (-np.inf, None))
    began = time.monotonic()
    if signal is None or began >= expires:
        signal = _read_trending(connection, release)
        now = time.monotonic()
        release.lasting["trending_now"] = (now + REST * (now - began), signal)
    result: Scores = signal
    return result


def _read_trending(connection: Connection, release: LoadedRelease) -> Scores:
    parameters = {
        "release_id": release.release_id,
        "relevant_from": release.constants.relevant_from,
        "half_life_days": HALF_LIFE_DAYS,
    }
    signal = release.trending.copy()
    for item_id, weight in connection.execute(_RATED_SINCE, parameters):
        if item_id in release.positions:
            signal[release.positions[item_id]] += float(weight)
    return signal


def of_vendor(connection: Connection, cache: ReleaseCache, vendor: str, *, limit: int) -> Shelf:
    """Return a vendor's items, the most popular first.

    Raises:
        NoReleaseError: the data set has no release yet.
    """
    release, slate = cache.live(connection)
    items = release.by_vendor.get(vendor, ())
    allowed = [scored for scored in items if scored.item.item_id not in slate.barred]
    return _shelf(release, allowed[:limit])


def _best(
    release: LoadedRelease, slate: Slate, signal: Scores, *, category: str | None, limit: int
) -> Shelf:
    """Return the items with the largest signal above 0. Of the slate rules, only bars apply."""
    barred = release.cached_mask(slate.barred)
    excluded = release.outside_category(category) | (signal <= 0) | barred
    positions = top_n(np.where(excluded, -np.inf, signal).astype(np.float32), limit)
    return _shelf(release, release.scored(positions, signal[positions]))


def _shelf(release: LoadedRelease, items: Sequence[ScoredItem]) -> Shelf:
    shown = listed([scored.item for scored in items], [scored.score for scored in items])
    answer = {"list_id": new_list_id(), "release_id": release.release_id, "items": shown}
    return Shelf.model_validate(answer, from_attributes=True)
