"""The release that an inspection is about."""

from datetime import datetime

from sqlalchemy import Connection, text

from serving.schemas import InspectedRelease

_RELEASE = text(
    """
    select release_id, recipe, retrain_id, verdict, ready_at, counts from releases
    where release_id = :release_id
    """
)


def inspected(connection: Connection, release_id: int, live_since: datetime) -> InspectedRelease:
    """Return a release that was read as the live one."""
    row = connection.execute(_RELEASE, {"release_id": release_id}).mappings().one()
    return InspectedRelease.model_validate(dict(row) | {"live_since": live_since})


def n_users(connection: Connection, release_id: int) -> int:
    """Return the number of a release's users with a list, as it was published."""
    counts = connection.execute(_RELEASE, {"release_id": release_id}).one().counts
    return int(counts.get("recommendations", 0))
