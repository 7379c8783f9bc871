"""Rows of bronze as silver keeps them: each event once, the newest rating per pair, last rows."""

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.engine.recency import newest

PAIR = ("user_id", "item_id")


def events(accepted: DataFrame, landing_ids: Sequence[str]) -> DataFrame:
    """Return accepted rows as events, each once, with its first landing.

    `landing_ids` are in the order in which they landed.
    """
    names = {"typed_user": "user_id", "typed_item": "item_id", "typed_rating": "rating"}
    renamed = accepted.withColumnsRenamed(names)
    first = F.min_by("landing_id", _position(landing_ids)).alias("landing_id")
    columns = ("event_id", "kind", "user_id", "item_id", "rating", "occurred_at")
    return renamed.groupBy(*columns).agg(first)


def newest_per_pair(events: DataFrame) -> DataFrame:
    """Return the newest rating of each user-item pair; null where that event is an undo.

    Other kinds of events do not count.
    """
    event = newest(F.struct("rating", "occurred_at", "event_id")).alias("newest")
    pairs = events.where("kind IN ('rate', 'unrate')").groupBy(*PAIR).agg(event)
    return pairs.select(
        *PAIR, "newest.rating", F.col("newest.occurred_at").alias("rated_at"), "newest.event_id"
    )


def unrates_of_pairs(events: DataFrame, batch: DataFrame) -> DataFrame:
    """Return the `unrate` events of all times for the pairs that `batch` has.

    A rating may arrive after its undo: silver.events has this undo, silver.interactions no trace.
    """
    pairs = batch.select(*PAIR).distinct()
    return events.where("kind = 'unrate'").join(pairs, list(PAIR), "left_semi")


def last_rows(accepted: DataFrame, key: str, landing_ids: Sequence[str]) -> DataFrame:
    """Return, for each key, the row that was sent last: by landing, file, line."""
    order = F.struct(_position(landing_ids), "source_file", "source_line")
    row = F.struct(*[name for name in accepted.columns if name != key])
    by_key = accepted.withColumn(key, F.trim(key)).groupBy(key)
    return by_key.agg(F.max_by(row, order).alias("row")).select(key, "row.*")


def _position(landing_ids: Sequence[str]) -> Column:
    ids = F.array(*[F.lit(landing_id) for landing_id in landing_ids])
    return F.array_position(ids, F.col("landing_id"))
