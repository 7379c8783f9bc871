"""A page of a user's ratings and hidden items, with feedback newer than the release."""

from collections.abc import Collection, Mapping
from dataclasses import asdict
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, text

from serving import catalogue
from serving.items import CatalogueItem
from serving.lists import user_state
from serving.lists.releases.cache import ReleaseCache
from serving.lists.releases.loaded import LoadedRelease
from serving.schemas import Item, RatedItem, RatingsPage
from serving.users.erasures import IS_ERASED

MAX_HIDDEN = 100
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_LIVE = text("select release_id, revision from live_release cross join slate")
_HIDDEN = text(
    f"""
    select item_id from feedback where user_id = :user_id and hidden is not null
        and not {IS_ERASED}
    order by hidden_at desc, item_id collate "C"
    """  # noqa: S608 # our own condition
)


def rated_items(
    connection: Connection, cache: ReleaseCache, user_id: str, *, limit: int, offset: int
) -> RatingsPage:
    """Return a page of a user's ratings, newest first; empty before the first release.

    Withdrawn items are listed as well. Items that the catalogue never had are neither listed nor
    counted. The first page also has the hidden items.
    """
    live = connection.execute(_LIVE).one_or_none()
    if live is None:
        return RatingsPage(user_id=user_id, items=(), total=0, limit=limit, offset=offset)
    release = cache.release(connection, live.release_id, live.revision)
    rated = user_state.read(connection, live.release_id, user_id).rated
    hidden = [] if offset else connection.scalars(_HIDDEN, {"user_id": user_id}).all()
    catalogued = _catalogued(connection, release, {*rated, *hidden})
    newest = sorted(
        (-micros, item_id, rating)
        for item_id, (rating, micros) in rated.items()
        if item_id in catalogued
    )
    items = [
        RatedItem(
            **asdict(catalogued[item_id]),
            rating=rating,
            rated_at=_EPOCH - timedelta(microseconds=negative_micros),
        )
        for negative_micros, item_id, rating in newest[offset : offset + limit]
    ]
    hidden_items = [catalogued[item_id] for item_id in hidden if item_id in catalogued]
    return RatingsPage(
        user_id=user_id,
        items=tuple(items),
        hidden=tuple(Item(**asdict(item)) for item in hidden_items[:MAX_HIDDEN]),
        total=len(newest),
        limit=limit,
        offset=offset,
    )


def _catalogued(
    connection: Connection, release: LoadedRelease, item_ids: Collection[str]
) -> Mapping[str, CatalogueItem]:
    """Return those of the items that the catalogue has or had, by id.

    Withdrawn items are not in memory: only their own raters name them.
    """
    items = {i: release.catalogue[i] for i in item_ids if i in release.catalogue}
    others = [item_id for item_id in item_ids if item_id not in items]
    if others:
        items |= catalogue.read_items(connection, others, release_id=None)
    return items
