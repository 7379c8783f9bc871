"""Interactions: what a user did with an item, from all events of the pair.

`Meanings` come from the manifest. Events have the columns (kind, rating, value, occurred_at,
event_id); `rating` is null unless the kind is `rate`. If the manifest has no `[kinds]`, only
ratings are aggregated, and `value` is not read.
"""

from dataclasses import dataclass
from functools import reduce
from typing import Self

from pyspark.sql import Column
from pyspark.sql import functions as F

from jobs.engine.facts import Facts, ValueMeaning
from jobs.engine.recency import newest
from ranking.strengths import MAX_VALUE
from warehouse.tables.vocabulary import KINDS_TYPE

RATED = ("rate", "unrate")
HIDDEN = ("hide", "not_interested")


@dataclass(frozen=True, slots=True)
class KindMeaning:
    """What events of one kind mean for a pair."""

    name: str
    value: ValueMeaning = "count"
    positive_from: float | None = None  # smallest positive amount; None: the kind is not positive
    blocks: bool = False  # whether such an event ends recommendations of the item to the user


@dataclass(frozen=True, slots=True)
class Meanings:
    """What events mean: how those of a pair become an interaction.

    `relevant_from` is None without a scale.
    """

    relevant_from: float | None
    kinds: tuple[KindMeaning, ...] = ()
    has_times: bool = True

    @classmethod
    def of(cls, data: Facts) -> Self:
        """Return what the manifest of a data set says of its kinds."""
        positive, blocking = data.positive_kinds, data.blocking_kinds
        kinds = tuple(
            KindMeaning(
                name=name,
                value=kind.value,
                positive_from=positive[name].positive_from if name in positive else None,
                blocks=name in blocking,
            )
            for name, kind in sorted(data.kinds.items())
        )
        return cls(data.scale.relevant_from if data.has_scale else None, kinds, data.has_times)

    @property
    def blocking_kinds(self) -> tuple[str, ...]:
        """The kinds after which an item is not recommended again."""
        return tuple(kind.name for kind in self.kinds if kind.blocks)


def interaction(meanings: Meanings, among: Column | None = None) -> Column:
    """Return the aggregate struct (rating, rated_at, event_id, kinds) of a pair's events.

    Only events that meet the condition `among` are aggregated; None: all. `rating` is the newest
    one, null if it was undone; `rated_at` and `event_id` are those of the newest event that
    `counts`, including an undo. The struct, or each of its fields, is null if no event counts.
    """
    rated = _both(F.col("kind").isin(*RATED), among)
    event = [F.col("occurred_at").alias("rated_at"), F.col("event_id")]
    if not meanings.kinds:
        return newest(
            F.struct("rating", *event, F.lit(None).cast(KINDS_TYPE).alias("kinds")), rated
        )
    last = newest(F.struct(*event), _both(counts(meanings), among))
    return F.struct(
        newest("rating", rated).alias("rating"),
        last["rated_at"].alias("rated_at"),
        last["event_id"].alias("event_id"),
        per_kind(meanings, among).alias("kinds"),
    )


def counts(meanings: Meanings) -> Column:
    """Return whether an event counts: a rating, its undo, or an event of the manifest's kinds."""
    return F.col("kind").isin(*RATED, *(kind.name for kind in meanings.kinds))


def per_kind(meanings: Meanings, among: Column | None = None) -> Column:
    """Return the aggregate map from kind to (n, amount, last_at); null if no event is of a kind.

    The amount is the sum of the values; of shares, the largest value. An event without a value has
    the value 1. Values and amounts end at `MAX_VALUE`, so that no amount is infinite. `among` is as
    in `interaction`.
    """
    entries = F.array_compact(F.array(*[_entry(kind, among) for kind in meanings.kinds]))
    return F.when(F.size(entries) > 0, F.map_from_entries(entries)).cast(KINDS_TYPE)


def columns(meanings: Meanings, prefix: str = "") -> list[Column]:
    """Return (rating, rated_at, positive, kinds) of pairs (rating, rated_at, kinds).

    In a data set without times all pairs get the same `rated_at`, because a line number is no age.
    `prefix` is the prefix of the given columns, such as `older.`.
    """
    rated_at = F.col(f"{prefix}rated_at") if meanings.has_times else F.lit(0).cast("timestamp")
    return [
        F.col(f"{prefix}rating"),
        rated_at.alias("rated_at"),
        is_positive(meanings, prefix).alias("positive"),
        F.col(f"{prefix}kinds"),
    ]


def is_positive(meanings: Meanings, prefix: str = "") -> Column:
    """Return whether a pair (rating, kinds) is positive: by its rating or by one of its kinds."""
    kinds, rating = F.col(f"{prefix}kinds"), F.col(f"{prefix}rating")
    amounts = [
        kinds[kind.name]["amount"] >= kind.positive_from
        for kind in meanings.kinds
        if kind.positive_from is not None
    ]
    of_rating = [] if meanings.relevant_from is None else [rating >= meanings.relevant_from]
    return _any([*of_rating, *amounts])


def taken_at(meanings: Meanings) -> Column:
    """Return when a positive pair (rated_at, kinds) was taken: its newest event of a positive kind.

    Without such an event, and in a data set without times, this is `rated_at`.
    """
    times = [
        F.col("kinds")[kind.name]["last_at"]
        for kind in meanings.kinds
        if kind.positive_from is not None and meanings.has_times
    ]
    # Without a positive amount of any kind, the pair is positive by its rating.
    newest_of_kinds = reduce(F.greatest, times[1:], times[0]) if times else F.lit(None)
    return F.coalesce(newest_of_kinds, F.col("rated_at"))


def is_seen(meanings: Meanings) -> Column:
    """Return whether the item of a pair (rating, kinds) is not recommended to the user again.

    The pair has a rating, or an event of a blocking kind.
    """
    of_kinds = [F.col("kinds")[kind].isNotNull() for kind in meanings.blocking_kinds]
    return _any([F.col("rating").isNotNull(), *of_kinds])


def _entry(kind: KindMeaning, among: Column | None) -> Column:
    """Return the aggregate (kind, (n, amount, last_at)); null without an event."""
    of_kind = _both(F.col("kind") == kind.name, among)
    value = F.when(of_kind, _bounded(F.coalesce("value", F.lit(1.0))))
    amount = F.max(value) if kind.value == "share" else _bounded(F.sum(value))
    n = F.count_if(of_kind)
    last_at = F.max(F.when(of_kind, F.col("occurred_at")))
    fields = F.struct(n.alias("n"), amount.alias("amount"), last_at.alias("last_at"))
    return F.when(n > 0, F.struct(F.lit(kind.name).alias("kind"), fields.alias("of_kind")))


def _bounded(number: Column) -> Column:
    """Return the number, or the nearest one that an amount can be; null for null."""
    within = F.greatest(F.least(number, F.lit(MAX_VALUE)), F.lit(-MAX_VALUE))
    return F.when(number.isNotNull(), within)


def _both(condition: Column, among: Column | None) -> Column:
    return condition if among is None else condition & among


def _any(conditions: list[Column]) -> Column:
    """Return whether one of the conditions is true; null is false."""
    return F.coalesce(reduce(Column.__or__, conditions, F.expr("false")), F.expr("false"))
