"""The placements of a data set and their versions.

The newest version of a placement is active; without one, its default is. A change locks the row of
`slate` and raises its revision, which every request reads: see `serving.rules.store`.
"""

import json
from collections.abc import Sequence

from sqlalchemy import Connection, text

from serving.errors import PlacementChangedError, RequestRefusedError, UnknownPlacementError
from serving.filters import filtering
from serving.placements.defaults import DEFAULTS
from serving.schemas import NewPlacement, PlacementShelf, PlacementVersion
from serving.schemas.placements import MAX_PLACEMENTS

_ACTIVE = text("select distinct on (name) * from placements order by name, version desc")
_NEWEST = text("select * from placements where name = :name order by version desc limit :limit")
_VERSION = text("select * from placements where name = :name and version = :version")
_N_NAMES = text("select count(distinct name) from placements where name <> all (:names)")
_LOCK = text("select revision from slate for update")
_ADD = text(
    """
    insert into placements (name, version, shelves, actor, reason)
    values (:name, :version, cast(:shelves as jsonb), :actor, :reason) returning *
    """
)
_REVISION = text("update slate set revision = revision + 1")


def all_active(connection: Connection) -> list[PlacementVersion]:
    """Return the active version of every placement, by name."""
    rows = connection.execute(_ACTIVE).mappings()
    changed = {row["name"]: PlacementVersion.model_validate(dict(row)) for row in rows}
    return [version for _, version in sorted({**DEFAULTS, **changed}.items())]


def active(connection: Connection, name: str) -> PlacementVersion:
    """Return the active version of a placement.

    Raises:
        UnknownPlacementError: there is no such placement.
    """
    return history(connection, name, limit=1)[0]


def history(connection: Connection, name: str, *, limit: int) -> list[PlacementVersion]:
    """Return the versions of a placement, newest first; version 0 is its default.

    Raises:
        UnknownPlacementError: there is no such placement.
    """
    rows = connection.execute(_NEWEST, {"name": name, "limit": limit}).mappings()
    versions = [PlacementVersion.model_validate(dict(row)) for row in rows]
    if name in DEFAULTS and len(versions) < limit:
        versions.append(DEFAULTS[name])
    if not versions:
        raise UnknownPlacementError(f"There is no placement {name!r}.")
    return versions


def version(connection: Connection, name: str, number: int) -> PlacementVersion:
    """Return one version of a placement.

    Raises:
        UnknownPlacementError: there is no such placement or version.
    """
    row = connection.execute(_VERSION, {"name": name, "version": number}).mappings().one_or_none()
    if row is not None:
        return PlacementVersion.model_validate(dict(row))
    if number or name not in DEFAULTS:
        raise UnknownPlacementError(f"There is no version {number} of a placement {name!r}.")
    return DEFAULTS[name]


def locked(connection: Connection, name: str) -> PlacementVersion | None:
    """Return the active version of a placement; None if there is no such placement.

    Until the commit no other transaction can replace it.
    """
    connection.execute(_LOCK)
    try:
        return active(connection, name)
    except UnknownPlacementError:
        return None


def add(
    connection: Connection,
    name: str,
    before: PlacementVersion | None,
    new: NewPlacement,
    *,
    actor: str,
) -> PlacementVersion:
    """Create a placement, or replace it from the commit on; return the new version.

    `before` is its active version, as of `locked`.

    Raises:
        PlacementChangedError: the active version is not the one that the caller saw.
        RequestRefusedError: a filter is not valid, or there are too many placements.
    """
    number = 0 if before is None else before.version
    if number != new.instead_of:
        raise PlacementChangedError(
            f"Version {number} of placement {name!r} is active, not {new.instead_of}."
        )
    if before is None:
        _require_room(connection)
    check(connection, new.shelves)
    shelves = json.dumps([shelf.model_dump(mode="json") for shelf in new.shelves])
    row = {"name": name, "version": number + 1, "shelves": shelves}
    row |= {"actor": actor, "reason": new.reason}
    added = connection.execute(_ADD, row).mappings().one()
    connection.execute(_REVISION)
    return PlacementVersion.model_validate(dict(added))


def replace(
    connection: Connection, name: str, new: NewPlacement, *, actor: str
) -> PlacementVersion:
    """Lock and replace a placement as `add` does, or create it.

    Raises: as `add`.
    """
    return add(connection, name, locked(connection, name), new, actor=actor)


def check(connection: Connection, shelves: Sequence[PlacementShelf]) -> None:
    """Check the filters of new shelves.

    Raises:
        RequestRefusedError: a filter is not valid: see `filtering.bind`. The message names the
            shelf.
        NoReleaseError: a shelf has a filter, and the data set has no release yet.
    """
    for number, shelf in enumerate(shelves):
        if shelf.filter is not None:
            filtering.checked(connection, shelf.filter, f"body.shelves.{number}.filter")


def _require_room(connection: Connection) -> None:
    n_names = connection.scalar(_N_NAMES, {"names": [*DEFAULTS]}) or 0
    if n_names + len(DEFAULTS) >= MAX_PLACEMENTS:
        raise RequestRefusedError(f"The data set has {MAX_PLACEMENTS} placements, the maximum.")
