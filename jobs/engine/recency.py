"""The newest of several events: the latest one; at equal times, the one with the largest id."""

from pyspark.sql import Column
from pyspark.sql import functions as F


def newest(value: Column | str, among: Column | None = None) -> Column:
    """Return the aggregate `value` of the newest event for which `among` is true, else null."""
    order = F.struct("occurred_at", "event_id")
    return F.max_by(value, order if among is None else F.when(among, order))
