"""Whom the live release knows, and what he rated."""

from sqlalchemy import Connection, text

from serving.errors import NothingReleasedError, UnknownPersonError
from serving.schemas import Person

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


def some(connection: Connection, *, limit: int) -> list[Person]:
    """Return the first people by id, without their ratings; empty before the first release."""
    rows = connection.execute(_SOME, {"limit": limit}).mappings()
    return [Person.model_validate(dict(row)) for row in rows]


def one(connection: Connection, user_id: str, *, limit: int) -> Person:
    """Return a person with his newest ratings; those of items without a title are only counted.

    Raises:
        NothingReleasedError: nothing was released yet.
        UnknownPersonError: the live release does not know him.
    """
    found = connection.execute(_ONE, {"user_id": user_id, "limit": limit})
    rows = found.mappings().all()
    if not rows:
        raise NothingReleasedError("Nothing was released yet.")
    if rows[0]["user_id"] is None:
        raise UnknownPersonError(f"The live release does not know {user_id!r}.")
    rated = [dict(row) for row in rows if row["title"] is not None]
    return Person.model_validate(dict(rows[0]) | {"rated": rated})
