"""Whom the live release knows, and what he rated."""

from typing import Any

from sqlalchemy import Connection, text

from serving.errors import NoReleaseError, UnknownUserError
from serving.schemas import RatingsPage, User

_SOME = text(
    """
    select user_id, cardinality(item_ids) as n_rated from profiles
    where release_id = (select release_id from live_release)
    order by user_id limit :limit
    """
)
_ONE = text(
    """
    select profiles.user_id, cardinality(profiles.item_ids) as n_rated,
        rated.item_id, rated.rating, rated.rated_at,
        items.title, items.categories, items.vendor, items.released
    from live_release as live
    left join profiles on profiles.release_id = live.release_id and profiles.user_id = :user_id
    left join lateral unnest(
        profiles.item_ids[1 : :limit], profiles.ratings[1 : :limit], profiles.rated_at[1 : :limit]
    ) with ordinality as rated(item_id, rating, rated_at, place) on true
    left join items on items.item_id = rated.item_id
    order by rated.place
    """
)
# The newer of two ratings of one item holds; of two at the same time, the feedback.
_RATINGS = text(
    """
    with known as (
        select rated.item_id, rated.rating, rated.rated_at
        from live_release as live
        join profiles on profiles.release_id = live.release_id and profiles.user_id = :user_id
        cross join lateral unnest(profiles.item_ids, profiles.ratings, profiles.rated_at)
            as rated(item_id, rating, rated_at)
    ), said as (
        select item_id, rating, rated_at from feedback
        where user_id = :user_id and rated_at is not null
    ), holding as (
        select coalesce(said.item_id, known.item_id) as item_id,
            case when known.rated_at > said.rated_at or said.item_id is null
                then known.rating else said.rating end as rating,
            greatest(known.rated_at, said.rated_at) as rated_at
        from known full join said on said.item_id = known.item_id
    ), shown as materialized (
        select item_id, rating, rated_at, title, categories, vendor, released
        from holding join items using (item_id) where rating is not null
    ), page as (
        select * from shown order by rated_at desc, item_id collate "C"
        limit :limit offset :offset
    )
    select counted.total, page.*
    from (select count(*) as total from shown) as counted left join page on true
    order by page.rated_at desc, page.item_id collate "C"
    """
)

_HIDDEN = text(
    """
    select items.item_id, title, categories, vendor, released
    from feedback join items using (item_id)
    where user_id = :user_id and hidden is not null
    order by hidden_at desc, item_id collate "C" limit :limit
    """
)
MOST_HIDDEN = 100


def some(connection: Connection, *, limit: int) -> list[User]:
    """Return the first people by id, without their ratings; empty before the first release."""
    rows = connection.execute(_SOME, {"limit": limit}).mappings()
    return [User.model_validate(dict(row)) for row in rows]


def one(connection: Connection, user_id: str, *, limit: int) -> User:
    """Return a person with his newest ratings; those of items without a title are only counted.

    Raises:
        NoReleaseError: nothing was released yet.
        UnknownUserError: the live release does not know him.
    """
    found = connection.execute(_ONE, {"user_id": user_id, "limit": limit})
    rows = found.mappings().all()
    if not rows:
        raise NoReleaseError("Nothing was released yet.")
    if rows[0]["user_id"] is None:
        raise UnknownUserError(f"The live release does not know {user_id!r}.")
    rated = [dict(row) for row in rows if row["title"] is not None]
    return User.model_validate(dict(rows[0]) | {"rated": rated})


def ratings(connection: Connection, user_id: str, *, limit: int, offset: int) -> RatingsPage:
    """Return a page of what a person rated as it holds now, newest first; empty if nothing.

    Items without a title are left out, and not counted. The first page also has what he hid.
    """
    given = {"user_id": user_id, "limit": limit, "offset": offset}
    rows = connection.execute(_RATINGS, given).mappings().all()
    rated = [dict(row) for row in rows if row["item_id"] is not None]
    page = {"user_id": user_id, "total": rows[0]["total"], "limit": limit, "offset": offset}
    hidden = [] if offset else _hidden(connection, user_id)
    return RatingsPage.model_validate(page | {"items": rated, "hidden": hidden})


def _hidden(connection: Connection, user_id: str) -> list[dict[str, Any]]:
    found = connection.execute(_HIDDEN, {"user_id": user_id, "limit": MOST_HIDDEN})
    return [dict(row) for row in found.mappings()]
