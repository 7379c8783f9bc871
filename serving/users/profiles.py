"""Users of the live release."""

from sqlalchemy import Connection, text

from serving.errors import NoReleaseError, UnknownUserError
from serving.schemas import User
from serving.users.erasures import IS_ERASED, digest_of

_USERS = text(
    f"""
    select user_id, cardinality(item_ids) as n_rated from profiles
    where release_id = (select release_id from live_release)
        and {digest_of("user_id")} not in (select digest from erasures)
    order by user_id limit :limit
    """  # noqa: S608 # our own condition
)
_USER = text(
    f"""
    select profiles.user_id, cardinality(profiles.item_ids) as n_rated,
        rated.item_id, rated.rating, rated.rated_at,
        items.title, items.categories, items.vendor, items.released
    from live_release as live
    left join profiles on profiles.release_id = live.release_id and profiles.user_id = :user_id
        and not {IS_ERASED}
    left join lateral unnest(
        profiles.item_ids[1 : :limit], profiles.ratings[1 : :limit], profiles.rated_at[1 : :limit]
    ) with ordinality as rated(item_id, rating, rated_at, position) on true
    left join items on items.item_id = rated.item_id
    order by rated.position
    """  # noqa: S608 # our own condition
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
