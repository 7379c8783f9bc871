"""A page of a user's ratings and hidden items, with feedback newer than the release."""

from dataclasses import asdict
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, text

from serving.lists import user_state
from serving.lists.release_cache import ReleaseCache
from serving.schemas import Item, RatedItem, RatingsPage

MAX_HIDDEN = 100
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_LIVE = text("select release_id from live_release")
_HIDDEN = text(
    """
    select item_id from feedback where user_id = :user_id and hidden is not null
    order by hidden_at desc, item_id collate "C"
    """
)


def rated_items(
    connection: Connection, cache: ReleaseCache, user_id: str, *, limit: int, offset: int
) -> RatingsPage:
    """Return a page of a user's ratings, newest first; empty before the first release.

    Items that the catalogue does not have are neither listed nor counted. The first page also has
    the hidden items.
    """
    release_id = connection.scalar(_LIVE)
    if release_id is None:
        return RatingsPage(user_id=user_id, items=(), total=0, limit=limit, offset=offset)
    catalogue = cache.release(connection, release_id).catalogue
    rated = user_state.read(connection, release_id, user_id).rated
    newest = sorted(
        (-micros, item_id, rating)
        for item_id, (rating, micros) in rated.items()
        if item_id in catalogue
    )
    items = [
        RatedItem(
            **asdict(catalogue[item_id]),
            rating=rating,
            rated_at=_EPOCH - timedelta(microseconds=negative_micros),
        )
        for negative_micros, item_id, rating in newest[offset : offset + limit]
    ]
    hidden = () if offset else connection.scalars(_HIDDEN, {"user_id": user_id})
    hidden_items = [catalogue[item_id] for item_id in hidden if item_id in catalogue]
    return RatingsPage(
        user_id=user_id,
        items=tuple(items),
        hidden=tuple(Item(**asdict(item)) for item in hidden_items[:MAX_HIDDEN]),
        total=len(newest),
        limit=limit,
        offset=offset,
    )
