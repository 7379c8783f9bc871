"""Users of the live release, and their current ratings."""

from typing import Any

from sqlalchemy import Connection, text

from serving.errors import NoReleaseError, UnknownUserError
from serving.schemas import RatingsPage, User

MAX_HIDDEN = 100

_USERS = text(
    """
    select user_id, cardinality(item_ids) as n_rated from profiles
    where release_id = (select release_id from live_release)
    order by user_id limit :limit
    """
)
_USER = text(
    """
    select profiles.user_id, cardinality(profiles.item_ids) as n_rated,
        rated.item_id, rated.rating, rated.rated_at,
        items.title, items.categories, items.vendor, items.released
    from live_release as live
    left join profiles on profiles.release_id = live.release_id and profiles.user_id = :user_id
    left join lateral unnest(
        profiles.item_ids[1 : :limit], profiles.ratings[1 : :limit], profiles.rated_at[1 : :limit]
    ) with ordinality as rated(item_id, rating, rated_at, position) on true
    left join items on items.item_id = rated.item_id
    order by rated.position
    """
)
# The newer of the release's rating and the feedback counts; at the same time, the feedback.
_RATINGS = text(
    """
    with released_ratings as (
        select rated.item_id, rated.rating, rated.rated_at
        from live_release as live
        join profiles on profiles.release_id = live.release_id and profiles.user_id = :user_id
        cross join lateral unnest(profiles.item_ids, profiles.ratings, profiles.rated_at)
            as rated(item_id, rating, rated_at)
    ), newer as (
        select item_id, rating, rated_at from feedback
        where user_id = :user_id and rated_at is not null
    ), merged as (
        select coalesce(newer.item_id, older.item_id) as item_id,
            case when older.rated_at > newer.rated_at or newer.item_id is null
                then older.rating else newer.rating end as rating,
            greatest(older.rated_at, newer.rated_at) as rated_at
        from released_ratings as older full join newer on newer.item_id = older.item_id
    ), shown as materialized (
        select item_id, rating, rated_at, title, categories, vendor, released
        from merged join items using (item_id) where rating is not null
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


def first_users(connection: Connection, *, limit: int) -> list[User]:
    """Return the first users by id, without their ratings; empty before the first release."""
    rows = connection.execute(_USERS, {"limit": limit}).mappings()
    return [User.model_validate(dict(row)) for row in rows]


def user(connection: Connection, user_id: str, *, limit: int) -> User:
    """Return a user with their newest ratings. Items without a title are only counted.

    Raises:
        NoReleaseError: the data set has no release yet.
        UnknownUserError: the live release does not have the user.
    """
    result = connection.execute(_USER, {"user_id": user_id, "limit": limit})
    rows = result.mappings().all()
    if not rows:
        raise NoReleaseError
    if rows[0]["user_id"] is None:
        raise UnknownUserError(f"The live release does not have the user {user_id!r}.")
    rated = [dict(row) for row in rows if row["title"] is not None]
    return User.model_validate(dict(rows[0]) | {"rated": rated})


def ratings(connection: Connection, user_id: str, *, limit: int, offset: int) -> RatingsPage:
    """Return a page of the user's current ratings, newest first.

    Items without a title are left out and not counted. The first page also has the hidden items.
    """
    page = {"user_id": user_id, "limit": limit, "offset": offset}
    rows = connection.execute(_RATINGS, page).mappings().all()
    rated = [dict(row) for row in rows if row["item_id"] is not None]
    hidden = [] if offset else _hidden(connection, user_id)
    return RatingsPage.model_validate(
        page | {"total": rows[0]["total"], "items": rated, "hidden": hidden}
    )


def _hidden(connection: Connection, user_id: str) -> list[dict[str, Any]]:
    rows = connection.execute(_HIDDEN, {"user_id": user_id, "limit": MAX_HIDDEN})
    return [dict(row) for row in rows.mappings()]
