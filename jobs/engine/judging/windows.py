"""Windows: events cut into what a model may learn from and what it is judged on.

One instant cuts for everybody, never a cut per user. The training rows are the newest rating of
each pair as of the cut; the test rows are later ratings of pairs of which nothing was known then: a
re-rating is no discovery. Events at the very instant of the cut are on the older side.

Frames of events are (user, item, kind, rating, occurred_at, event_id).
"""

import math
from dataclasses import dataclass
from typing import Literal

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.engine.recency import newest

PAIR = ["user", "item"]
Cut = Literal["time", "file_order", "random"]
_RATED = ("rate", "unrate")
_HIDDEN = ("hide", "not_interested")
_SLOTS = 1_000_000
_ROLLING = (0.5, 0.625, 0.75)  # of the rows before the gate's cut; a quarter of them follows
_MARGIN = 0.001
_ACCURACY = 10_000


@dataclass(frozen=True)
class Window:
    """Both sides of a cut. `pairs` has one row per pair: see `window`."""

    pairs: DataFrame

    @property
    def training(self) -> DataFrame:
        """(user, item, rating, rated_at): what held at the cut."""
        held = self.pairs.where(F.col("older.kind") == "rate")
        return held.select(*PAIR, "older.rating", F.col("older.occurred_at").alias("rated_at"))

    @property
    def hidden(self) -> DataFrame:
        """(user, item): hidden at the cut."""
        return self.pairs.where("hidden").select(*PAIR)

    @property
    def test(self) -> DataFrame:
        """(user, item, rating): rated later, unknown before."""
        found = self.pairs.where("NOT known").where(F.col("newer.kind") == "rate")
        return found.select(*PAIR, "newer.rating")

    def cached(self) -> "Window":
        """Return the same window, whose pairs are made once."""
        return Window(self.pairs.cache())


@dataclass(frozen=True, slots=True)
class Span:
    """Part of the events, oldest first: fit on the rows up to `share`, score those to `until`."""

    share: float
    until: float

    @property
    def name(self) -> str:
        """Such as `rolling_40`: what it is fitted on, in percent."""
        return f"rolling_{self.share * 100:.0f}"


def rolling(gate_share: float) -> tuple[Span, ...]:
    """Return the windows that lie before the gate's cut: its test rows are in none of them.

    With the gate's cut at 80 %: fit on the oldest 40, 50, 60 %, score the 20 % that follow.
    """
    length = gate_share / 4
    return tuple(
        Span(round(gate_share * at, 6), round(gate_share * at + length, 6)) for at in _ROLLING
    )


def older_side(events: DataFrame, *, share: float, cut: Cut = "time", seed: int = 0) -> Column:
    """Return the condition for the older side, which holds at least `share` of all ratings.

    Without times the events' order stands for time (`file_order`), or pairs are drawn (`random`).
    Of `events` only (kind, occurred_at) is read.
    """
    if cut == "random":
        drawn = F.pmod(F.xxhash64(F.lit(seed), *PAIR), F.lit(_SLOTS))
        return drawn < share * _SLOTS
    return F.unix_micros("occurred_at") <= cut_at(events, share)


def window(events: DataFrame, older: Column) -> Window:
    """Return both sides of a cut; `older` says which events are on the older side."""
    rated = F.col("kind").isin(*_RATED)
    pairs = (
        events.withColumn("is_older", older)
        .repartition(*PAIR)  # rows are sorted once, after the shuffle, not before it too
        .groupBy(*PAIR)
        .agg(
            _last(rated & F.col("is_older")).alias("older"),
            _last(rated & ~F.col("is_older")).alias("newer"),
            F.bool_or("is_older").alias("known"),
            _is_hidden(F.col("is_older")).alias("hidden"),
        )
    )
    return Window(pairs)


def cut_at(events: DataFrame, train_share: float) -> int:
    """Return the first instant (microseconds) with `train_share` of the ratings at or before it.

    Exact, in two passes: a sketch finds a narrow range around the cut, and only the instants in it
    are counted one by one.
    """
    instants = events.where("kind = 'rate'").select(F.unix_micros("occurred_at").alias("at"))
    around = [max(0.0, train_share - _MARGIN), min(1.0, train_share + _MARGIN)]
    sketch = instants.agg(
        F.count("*"), F.min("at"), F.max("at"), F.percentile_approx("at", around, _ACCURACY)
    ).first()
    if sketch is None or not sketch[0]:
        return 0
    n, first, last, (low, high) = sketch
    needed = math.ceil(train_share * n)
    near = _nth(instants, needed, low, high)
    found = _nth(instants, needed, first, last) if near is None else near
    return last if found is None else found


def holding(events: DataFrame) -> DataFrame:
    """Return (user, item, rating, rated_at): the newest rating of each pair that still holds.

    A pair whose newest event is `unrate` has none. Events of one instant are ordered by their id.
    """
    newest = events.groupBy(*PAIR).agg(_last(F.col("kind").isin(*_RATED)).alias("last"))
    rated = newest.where(F.col("last.kind") == "rate")
    return rated.select(*PAIR, "last.rating", F.col("last.occurred_at").alias("rated_at"))


def hidden(events: DataFrame) -> DataFrame:
    """Return (user, item) whose newest event hides. It filters lists and never trains.

    Rating an item, or taking back what was said of it, shows it again.
    """
    once = events.where(F.col("kind").isin(*_HIDDEN)).select(*PAIR).distinct()
    pairs = events.join(once, PAIR, "left_semi").groupBy(*PAIR)
    return pairs.agg(_is_hidden(F.lit(1) == 1).alias("hidden")).where("hidden").select(*PAIR)


def _is_hidden(among: Column) -> Column:
    """Return whether a pair's newest event among these hides it; false if there is none."""
    return F.coalesce(newest("kind", among).isin(*_HIDDEN), F.expr("false"))


def _last(wanted: Column) -> Column:
    """Return (kind, rating, occurred_at) of a pair's newest wanted event, or null."""
    return newest(F.struct("kind", "rating", "occurred_at"), wanted)


def _nth(instants: DataFrame, n: int, low: int, high: int) -> int | None:
    """Return the n-th smallest instant if it lies from `low` to `high`, else None."""
    before = low - 1  # stands for all that is earlier
    counted = (
        instants.where(F.col("at") <= high)
        .groupBy(F.greatest("at", F.lit(before)).alias("at"))
        .count()
        .orderBy("at")
    )
    n_so_far = 0
    for row in counted.toLocalIterator():
        n_so_far += row["count"]
        if n_so_far >= n:
            return int(row["at"]) if row["at"] > before else None
    return None
