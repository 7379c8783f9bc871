"""Windows: events cut into what a model may learn from and what it is judged on.

One instant cuts for everybody, never a cut per user. The training rows are the newest rating of
each pair as of the cut; the test rows are later ratings of pairs of which nothing was known then: a
re-rating is no discovery. Events at the very instant of the cut are on the older side.

Frames of events are (user, item, kind, rating, occurred_at, event_id).
"""

from dataclasses import dataclass
from typing import Literal

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

PAIR = ["user", "item"]
Cut = Literal["time", "file_order", "random"]
_RATED = ("rate", "unrate")
_HIDDEN = ("hide", "not_interested")
_SLOTS = 1_000_000


@dataclass(frozen=True)
class Window:
    """Both sides of a cut."""

    training: DataFrame  # (user, item, rating, rated_at), what held at the cut
    hidden: DataFrame  # (user, item), hidden until the cut
    test: DataFrame  # (user, item, rating), rated later, unknown before

    def cached(self) -> "Window":
        """Return the same window, whose frames are made once."""
        return Window(self.training.cache(), self.hidden.cache(), self.test.cache())


def window(events: DataFrame, *, train_share: float, cut: Cut = "time", seed: int = 0) -> Window:
    """Return the window whose older side holds at least `train_share` of all ratings.

    Without times the events' order stands for time (`file_order`), or pairs are drawn (`random`).
    """
    if cut == "random":
        older = _drawn(seed) < train_share * _SLOTS
        return _window(events.where(older), events.where(~older))
    instant = cut_at(events, train_share)
    return _window(
        events.where(F.unix_micros("occurred_at") <= instant),
        events.where(F.unix_micros("occurred_at") > instant),
    )


def cut_at(events: DataFrame, train_share: float) -> int:
    """Return the first instant (microseconds) with `train_share` of the ratings at or before it."""
    instants = events.where("kind = 'rate'").select(F.unix_micros("occurred_at").alias("at"))
    found = instants.agg(
        F.expr(f"percentile_disc({train_share}) WITHIN GROUP (ORDER BY at)")
    ).first()
    return int(found[0]) if found and found[0] is not None else 0


def holding(events: DataFrame) -> DataFrame:
    """Return (user, item, rating, rated_at): the newest rating of each pair that still holds.

    A pair whose newest event is `unrate` has none. Events of one instant are ordered by their id.
    """
    newest_last = F.struct("occurred_at", "event_id")
    newest = (
        events.where(F.col("kind").isin(*_RATED))
        .groupBy(*PAIR)
        .agg(F.max_by(F.struct("kind", "rating", "occurred_at"), newest_last).alias("last"))
    )
    rated = newest.where("last.kind = 'rate'")
    return rated.select(*PAIR, "last.rating", F.col("last.occurred_at").alias("rated_at"))


def hidden(events: DataFrame) -> DataFrame:
    """Return (user, item): what was hidden. It filters lists and never trains."""
    return events.where(F.col("kind").isin(*_HIDDEN)).select(*PAIR).distinct()


def _window(older: DataFrame, newer: DataFrame) -> Window:
    known = older.select(*PAIR).distinct()
    discovered = newer.join(known, PAIR, "left_anti")
    return Window(
        training=holding(older),
        hidden=hidden(older),
        test=holding(discovered).select(*PAIR, "rating"),
    )


def _drawn(seed: int) -> Column:
    return F.pmod(F.xxhash64(F.lit(seed), *PAIR), F.lit(_SLOTS))
