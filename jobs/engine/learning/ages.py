"""Exponential decay of ratings: half after each half-life, counted from the newest rating."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

MIN_REMAINING = 1e-6  # above 0: ALS would ignore a strength of 0
_DAY_MICROS = 86_400_000_000


def newest(ratings: DataFrame) -> int:
    """Return the time of the newest rating, in microseconds; 0 if there is none."""
    row = ratings.agg(F.max(F.unix_micros("rated_at"))).first()
    return int((row[0] if row else None) or 0)


def remaining(end: int, half_life_days: float) -> Column:
    """Return 0.5 ^ (age at `end` / half-life) of `rated_at`, at least `MIN_REMAINING`."""
    age_days = (F.lit(end) - F.unix_micros("rated_at")) / _DAY_MICROS
    return F.greatest(F.pow(F.lit(0.5), age_days / half_life_days), F.lit(MIN_REMAINING))
