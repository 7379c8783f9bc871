"""How much a rating still counts: half after each half-life, from the newest rating of the rows."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

LEAST = 1e-6  # never nought: a strength of nought would be none at all
_DAY = 86_400_000_000


def newest(ratings: DataFrame) -> int:
    """Return the time of the newest rating, in microseconds; nought if there is none."""
    row = ratings.agg(F.max(F.unix_micros("rated_at"))).first()
    return int((row[0] if row else None) or 0)


def remaining(end: int, half_life_days: float) -> Column:
    """Return 0.5 ^ (age at `end` / half-life), at least `LEAST`, from the column `rated_at`."""
    age_days = (F.lit(end) - F.unix_micros("rated_at")) / _DAY
    return F.greatest(F.pow(F.lit(0.5), age_days / half_life_days), F.lit(LEAST))
