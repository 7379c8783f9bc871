"""The newest of several events: the latest one; at equal times, the one with the largest id."""

from pyspark.sql import Column
from pyspark.sql import functions as F


def newest(value: Column | str, among: Column | None = None) -> Column:
    """Return the aggregate `value` of the newest event for which `among` is true, else null."""
    order = F.struct("occurred_at", "event_id")
    return F.max_by(value, order if among is None else F.when(among, order))


def is_newer(row: str, other: str) -> str:
    """Return the SQL condition that a merged row is newer than another; both are aliases."""
    return f"struct({row}.rated_at, {row}.event_id) > struct({other}.rated_at, {other}.event_id)"
