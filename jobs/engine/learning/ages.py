"""Exponential decay: half after each half-life, counted from the newest interaction."""

from dataclasses import dataclass

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

MIN_REMAINING = 1e-6  # above 0: ALS would ignore a strength of 0
_DAY_MICROS = 86_400_000_000


@dataclass(frozen=True, slots=True)
class Decay:
    """Half is left after each half-life before `end` (microseconds)."""

    end: int
    half_life_days: float

    def remaining(self, at: Column | None = None) -> Column:
        """Return what is left of something at a time, `rated_at` by default.

        It is 0.5 ^ (age / half-life), at least `MIN_REMAINING` and, after `end`, 1.
        """
        micros = F.unix_micros(F.col("rated_at") if at is None else at)
        age_days = F.greatest(F.lit(self.end) - micros, F.lit(0)) / _DAY_MICROS
        half_lives = age_days / self.half_life_days
        return F.greatest(F.pow(F.lit(0.5), half_lives), F.lit(MIN_REMAINING))


def newest(ratings: DataFrame) -> int:
    """Return the time of the newest interaction, in microseconds; 0 if there is none."""
    row = ratings.agg(F.max(F.unix_micros("rated_at"))).first()
    return int((row[0] if row else None) or 0)
