"""Which of several events is the newest: the latest one; at equal times, the largest event id."""

from pyspark.sql import Column
from pyspark.sql import functions as F


def newest(value: Column | str, among: Column | None = None) -> Column:
    """Return an aggregate: the value of a group's newest event `among` those, null without any.

    The rows have `occurred_at` and `event_id`.
    """
    order = F.struct("occurred_at", "event_id")
    return F.max_by(value, order if among is None else F.when(among, order))


def is_newer(row: str, other: str) -> str:
    """Return the SQL condition that one merged row is newer than the other, by their aliases."""
    return f"struct({row}.rated_at, {row}.event_id) > struct({other}.rated_at, {other}.event_id)"
