"""The users whom the live release knows, with the ratings that it learned from."""

from sqlalchemy import Connection, text

from serving.errors import NoReleaseError, UnknownUserError
from serving.schemas import User

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
