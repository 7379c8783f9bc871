"""Items in the order of a signal that needs no person: popular, trending, of a vendor."""

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, text

from serving.errors import NoReleaseError
from serving.lists.fold_in import best
from serving.lists.release_cache import ALWAYS, LoadedRelease, ReleaseCache, Years
from serving.rules import store
from serving.rules.slate import Slate
from serving.schemas import Shelf

HALF_LIFE_DAYS = 14  # of a liking, as in the release's own `trending`

# What the release counted is in its profiles. It read events until shortly before it was ready: a
# day is plenty, and bounds what has to be compared.
_LIKED_SINCE = text(
    """
    select item_id, sum(0.5 ^ (
        greatest(extract(epoch from clock_timestamp() - rated_at), 0) / 86400 / :half_life_days
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
_OF_VENDOR = text(
    f"""
    select live.release_id, items.item_id, items.title, items.categories, items.vendor,
        items.released, coalesce(item_factors.popularity, 0) as score,
        row_number() over (
            order by coalesce(item_factors.popularity, 0) desc, items.item_id collate "C"
        ) as rank
    from live_release as live
    cross join slate
    left join items on items.vendor = :vendor
        and {store.ALLOWED}
    left join item_factors
        on item_factors.release_id = live.release_id and item_factors.item_id = items.item_id
    order by rank limit :limit
    """  # noqa: S608 # our own columns
)


def popular(
    connection: Connection,
    cache: ReleaseCache,
    *,
    category: str | None,
    released: Years = ALWAYS,
    limit: int,
) -> Shelf:
    """Return what most people like; of one category, its best-sellers.

    With a first or a last year of release nothing is listed whose year nobody knows.

    Raises:
        NoReleaseError: nothing was released yet.
    """
    held, slate = cache.now(connection)
    signal = np.where(held.not_released(released), np.float32(0), held.popularity)
    return _shelf(held, slate, signal, category=category, limit=limit)


def trending(
    connection: Connection, cache: ReleaseCache, *, category: str | None, limit: int
) -> Shelf:
    """Return what people like lately, with what they liked since the release was made.

    Raises:
        NoReleaseError: nothing was released yet.
    """
    held, slate = cache.now(connection)
    given = {
        "release_id": held.release_id,
        "relevant_from": held.constants.relevant_from,
        "half_life_days": HALF_LIFE_DAYS,
    }
    signal = held.trending.copy()
    for item_id, likings in connection.execute(_LIKED_SINCE, given):
        if item_id in held.places:
            signal[held.places[item_id]] += float(likings)
    return _shelf(held, slate, signal, category=category, limit=limit)


def of_vendor(connection: Connection, vendor: str, *, limit: int) -> Shelf:
    """Return a vendor's items, the most popular first; empty where there is none.

    Raises:
        NoReleaseError: nothing was released yet.
    """
    found = connection.execute(_OF_VENDOR, {"vendor": vendor, "limit": limit})
    rows = found.mappings().all()
    if not rows:
        raise NoReleaseError("Nothing was released yet.")
    items = [dict(row) for row in rows if row["item_id"] is not None]
    return Shelf.model_validate({"release_id": rows[0]["release_id"], "items": items})


def _shelf(
    held: LoadedRelease,
    slate: Slate,
    signal: NDArray[np.float32],
    *,
    category: str | None,
    limit: int,
) -> Shelf:
    """Return the items with the most of the signal; what has none is on no shelf.

    What rules hide is not there either; other rules are for people's own lists.
    """
    out = held.outside(category) | (signal <= 0) | held.barred(slate.barred)
    places = best(np.where(out, -np.inf, signal).astype(np.float32), limit)
    items = held.listed(places, signal[places])
    return Shelf.model_validate({"release_id": held.release_id, "items": items})
