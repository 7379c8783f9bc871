"""History as silver holds it: each event once, the newest rating per pair, the last row per key."""

from collections.abc import Sequence

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

PAIR = ("user_id", "item_id")


def events(accepted: DataFrame, landings: Sequence[str]) -> DataFrame:
    """Return accepted rows as events, each once, with the landing that brought it first.

    `landings` are the landings' ids in their order.
    """
    order = F.array(*[F.lit(one) for one in landings])
    same = {
        "event_id": "event_id",
        "kind": "kind",
        "typed_user": "user_id",
        "typed_item": "item_id",
        "typed_rating": "rating",
        "occurred_at": "occurred_at",
    }
    nth = F.array_position(order, F.col("landing_id"))
    once = accepted.withColumn("nth", nth).groupBy(*same).agg(F.min("nth").cast("int").alias("nth"))
    return once.select(
        *[F.col(name).alias(final) for name, final in same.items()],
        F.element_at(order, F.col("nth")).alias("landing_id"),
    )


def newest_per_pair(events: DataFrame) -> DataFrame:
    """Return the newest rating of each user-item pair; at one instant the larger event id's.

    It is null where the newest event takes it back. Hides are no ratings.
    """
    newest = F.max(F.struct("occurred_at", "event_id", "rating")).alias("newest")
    rated = events.where("kind IN ('rate', 'unrate')").groupBy(*PAIR).agg(newest)
    return rated.select(
        "user_id",
        "item_id",
        "newest.rating",
        F.col("newest.occurred_at").alias("rated_at"),
        "newest.event_id",
    )


def taken_back(events: DataFrame, mine: DataFrame) -> DataFrame:
    """Return the events of all times that take back a rating of a pair of `mine`.

    A rating may come after the event that takes it back: silver.interactions forgot that one, the
    history did not.
    """
    pairs = mine.select(*PAIR).distinct()
    return events.where("kind = 'unrate'").join(pairs, list(PAIR), "left_semi")


def last_sent(accepted: DataFrame, key: str, landings: Sequence[str]) -> DataFrame:
    """Return, for each key, the row that was sent last: by landing, file, line."""
    order = F.array(*[F.lit(one) for one in landings])
    sent = F.struct(F.array_position(order, F.col("landing_id")), "source_file", "source_line")
    whole = F.struct(*[name for name in accepted.columns if name != key])
    last = (
        accepted.withColumn(key, F.trim(key)).groupBy(key).agg(F.max_by(whole, sent).alias("row"))
    )
    return last.select(key, "row.*")
