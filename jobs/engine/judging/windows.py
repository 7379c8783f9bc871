"""Windows: events cut into training rows and test rows.

One global time cuts all users' events. The training rows are the interactions of pairs (user,
item) at the cut. The test rows are the later events of pairs, one row per pair, that may still be
recommended at the cut and were not positive: a re-rating is no discovery. Events at the exact time
of the cut are on the older side.

Frames of events are (user, item, kind, rating, occurred_at, event_id), and (value) if there are
other kinds than ratings.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.engine import interactions
from jobs.engine.interactions import HIDDEN, RATED, Meanings
from jobs.engine.recency import newest

PAIR = ["user", "item"]
Cut = Literal["time", "file_order", "random"]
_BUCKETS, _SEED = 1_000_000, 0  # of a random cut
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ROLLING = (0.5, 0.625, 0.75)  # shares of the rows before the gate's cut; the test rows are 1/4
_SKETCH_MARGIN = 0.001
_SKETCH_ACCURACY = 10_000


@dataclass(frozen=True)
class Window:
    """Both sides of a cut, one row per pair: see `window`."""

    pairs: DataFrame
    meanings: Meanings

    @property
    def training(self) -> DataFrame:
        """(user, item, rating, rated_at, positive, kinds): the interactions at the cut."""
        return self._interactions(self.pairs, "older")

    @property
    def hidden(self) -> DataFrame:
        """(user, item): hidden at the cut."""
        return self.pairs.where("hidden").select(*PAIR)

    @property
    def test(self) -> DataFrame:
        """(user, item, rating, rated_at, positive, kinds): of events after the cut, new pairs."""
        new = self.pairs.where("NOT is_settled")
        if self.meanings.kinds:
            new = new.where(~interactions.is_positive(self.meanings, "older."))
        return self._interactions(new, "newer")

    def _interactions(self, pairs: DataFrame, side: str) -> DataFrame:
        is_present = f"{side}.rating IS NOT NULL OR {side}.kinds IS NOT NULL"
        columns = interactions.columns(self.meanings, f"{side}.")
        return pairs.where(is_present).select(*PAIR, *columns)


@dataclass(frozen=True, slots=True)
class Span:
    """Shares of the events, oldest first: train up to `share`, test from there to `until`."""

    share: float
    until: float

    @property
    def name(self) -> str:
        """`rolling_40`: the training share in percent."""
        return f"rolling_{self.share * 100:.0f}"


def rolling(gate_share: float) -> tuple[Span, ...]:
    """Return the windows before the gate's cut; none contains the gate's test rows.

    With the gate's cut at 80 %: train on the oldest 40, 50, 60 %, test on the next 20 %.
    """
    starts = [gate_share * share for share in _ROLLING]
    return tuple(Span(round(at, 6), round(at + gate_share / 4, 6)) for at in starts)


def older_side(events: DataFrame, meanings: Meanings, *, share: float, cut: Cut = "time") -> Column:
    """Return the condition for the older side, at least `share` of all ratings and other events.

    For data without times, `occurred_at` is the order of the events (`file_order`), or pairs are
    drawn at random (`random`). Only (kind, occurred_at) of `events` are read.
    """
    if cut == "random":
        bucket = F.pmod(F.xxhash64(F.lit(_SEED), *PAIR), F.lit(_BUCKETS))
        return bucket < share * _BUCKETS
    kinds = ("rate", *(kind.name for kind in meanings.kinds))
    return F.unix_micros("occurred_at") <= cut_at(events, share, kinds)


def before(at: datetime) -> Column:
    """Return the condition for events before a moment, which itself is on the newer side."""
    return F.unix_micros("occurred_at") < (at - _EPOCH) // timedelta(microseconds=1)


def window(events: DataFrame, older: Column, meanings: Meanings) -> Window:
    """Return both sides of a cut; `older` is the condition for the older side.

    A pair is settled if it was rated, hidden or blocked before the cut, or if that was taken back.
    """
    is_older = F.col("is_older")
    if meanings.kinds:
        is_settled = is_older & F.col("kind").isin(*RATED, *HIDDEN, *meanings.blocking_kinds)
    else:
        is_settled = is_older
    pairs = (
        events.withColumn("is_older", older)
        .repartition(*PAIR)  # one sort, after the shuffle, instead of one before it too
        .groupBy(*PAIR)
        .agg(
            interactions.interaction(meanings, is_older).alias("older"),
            interactions.interaction(meanings, ~is_older).alias("newer"),
            F.bool_or(is_settled).alias("is_settled"),
            _is_hidden(is_older).alias("hidden"),
        )
        .withColumn("older", F.col("older").dropFields("event_id"))
        .withColumn("newer", F.col("newer").dropFields("event_id"))
    )
    return Window(pairs, meanings)


def cut_at(events: DataFrame, train_share: float, kinds: Sequence[str] = ("rate",)) -> int:
    """Return the first time (microseconds) with `train_share` of the events at or before it.

    Exact, in two passes: a sketch gives a narrow range around the cut, then only the times in
    this range are counted one by one.
    """
    times = events.where(F.col("kind").isin(*kinds)).select(
        F.unix_micros("occurred_at").alias("at")
    )
    around = [max(0.0, train_share - _SKETCH_MARGIN), min(1.0, train_share + _SKETCH_MARGIN)]
    sketch = times.agg(
        F.count("*"), F.min("at"), F.max("at"), F.percentile_approx("at", around, _SKETCH_ACCURACY)
    ).first()
    if sketch is None or not sketch[0]:
        return 0
    n, first, last, (low, high) = sketch
    needed = math.ceil(train_share * n)
    cuts = (_nth(times, needed, *bounds) for bounds in ((low, high), (first, last)))
    return next((cut for cut in cuts if cut is not None), last)


def hidden(events: DataFrame) -> DataFrame:
    """Return (user, item) whose newest event hides the item; a rating or its undo shows it."""
    ever_hidden = events.where(F.col("kind").isin(*HIDDEN)).select(*PAIR).distinct()
    pairs = events.join(ever_hidden, PAIR, "left_semi").groupBy(*PAIR)
    return pairs.agg(_is_hidden(F.lit(1) == 1).alias("hidden")).where("hidden").select(*PAIR)


def _is_hidden(among: Column) -> Column:
    """Return whether the newest of a pair's events `among` hides the item; false if none does.

    Events of other kinds than ratings do not show it again.
    """
    decides = among & F.col("kind").isin(*RATED, *HIDDEN)
    return F.coalesce(newest("kind", decides).isin(*HIDDEN), F.expr("false"))


def _nth(times: DataFrame, n: int, low: int, high: int) -> int | None:
    """Return the n-th smallest time if it is between `low` and `high`, else None."""
    before = low - 1  # replaces all earlier times
    counted = (
        times.where(F.col("at") <= high)
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
