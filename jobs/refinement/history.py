"""Rows of bronze as silver keeps them: each event once, one interaction per pair, last rows."""

from collections.abc import Collection, Sequence
from typing import Final

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.engine.interactions import Meanings, interaction
from jobs.refinement.texts import trimmed
from warehouse.manifests.kinds import UNDO
from warehouse.manifests.sources import Events, Ratings

PAIR = ("user_id", "item_id")
IS_UNDO: Final = f"kind = '{UNDO}'"


def event_id(section: Ratings | Events) -> Column:
    """Return the event's id: a digest of kind, user, item, number and time.

    Without times the line of the file takes the place of the time: two lines are two events. If the
    same file is sent again, it has the same landing, so its events have the same ids.
    """
    number = F.coalesce("typed_rating", "typed_value")
    if section.time is False:
        when = [F.col("landing_id"), F.col("source_file"), F.col("source_line").cast("string")]
    else:
        when = [F.unix_micros("occurred_at").cast("string")]
    return _digest(F.col("kind"), F.col("typed_user"), F.col("typed_item"), number, when)


def feedback_id(kinds: Collection[str]) -> Column:
    """Return the id in silver.events of an event of bronze.feedback; of an undo, the undone one's.

    An event of the manifest's `kinds` has the id of an equal event of a file, which is the same
    event. Other events have the id of the outbox.
    """
    if not kinds:
        return F.coalesce("undoes", "event_id")
    kind, at = F.coalesce("undone_kind", "kind"), F.coalesce("undone_at", "occurred_at")
    when = [F.unix_micros(at).cast("string")]
    digest = _digest(kind, F.col("user_id"), F.col("item_id"), F.col("value"), when)
    return F.when(kind.isin(*kinds), digest).otherwise(F.coalesce("undoes", "event_id"))


def _digest(
    kind: Column, user: Column, item: Column, number: Column, when: Sequence[Column]
) -> Column:
    return F.md5(F.concat_ws("\x1f", kind, user, item, number.cast("string"), *when))


def events(accepted: DataFrame, landing_ids: Sequence[str]) -> DataFrame:
    """Return accepted rows as events, each once, with its first landing.

    `landing_ids` are in the order in which they landed.
    """
    names = {
        "typed_user": "user_id",
        "typed_item": "item_id",
        "typed_rating": "rating",
        "typed_value": "value",
    }
    renamed = accepted.withColumnsRenamed(names)
    first = F.min_by("landing_id", position(landing_ids)).alias("landing_id")
    columns = ("event_id", "kind", "user_id", "item_id", "rating", "occurred_at", "value")
    return renamed.groupBy(*columns).agg(first, F.max("list_id").alias("list_id"))


def measured(rows: DataFrame) -> tuple[str, int, bool]:
    """Return, of events and undos: a condition, the number of undos, whether all ids differ.

    The SQL condition is true for all events in the time range of these. It begins with the name of
    the column, and is true for none if all rows are undos.
    """
    at = F.when(~F.expr(IS_UNDO), F.col("occurred_at"))
    [(first, last, n_undos, is_unique)] = rows.agg(
        F.min(at).cast("string"),
        F.max(at).cast("string"),
        F.count_if(F.expr(IS_UNDO)),
        F.count("*") == F.count_distinct("event_id"),
    ).collect()
    if first is None:
        return "occurred_at IS NULL", n_undos, is_unique
    times = f"occurred_at BETWEEN TIMESTAMP '{first}' AND TIMESTAMP '{last}'"
    return times, n_undos, is_unique


def undos(feedback: DataFrame) -> DataFrame:
    """Return the undos among accepted rows of feedback. Their id is that of the undone event."""
    return feedback.where(F.col("kind") == UNDO)


def not_undone(feedback: DataFrame) -> DataFrame:
    """Return accepted rows of feedback, undos included, without the events that these undo."""
    others = feedback.where(F.col("kind") != UNDO)
    return without(others, undos(feedback)).union(undos(feedback))


def without(rows: DataFrame, undone: DataFrame) -> DataFrame:
    """Return the events whose id `undone` (event_id) does not have."""
    kept = rows.join(undone.select("event_id"), "event_id", "left_anti")
    return kept.select(rows.columns)


def not_in_silver(feedback: DataFrame) -> tuple[DataFrame, DataFrame]:
    """Return (landing_id) of accepted feedback without a row: undos, and what they undo here."""
    undone = feedback.where(F.col("kind") != UNDO).join(
        undos(feedback).select("event_id"), "event_id", "left_semi"
    )
    return undos(feedback).select("landing_id"), undone.select("landing_id")


def interactions(events: DataFrame, meanings: Meanings) -> DataFrame:
    """Return the interaction of each user-item pair, by all of its `events`.

    Rating and kinds are null if the rating was removed and no other event counts; pairs without an
    event that counts have no row.
    """
    by_pair = events.groupBy(*PAIR).agg(interaction(meanings).alias("pair"))
    return by_pair.select(*PAIR, "pair.*").where("event_id IS NOT NULL")


def last_rows(accepted: DataFrame, key: str, landing_ids: Sequence[str]) -> DataFrame:
    """Return, for each key, the row that was sent last: by landing, file, line."""
    order = F.struct(position(landing_ids), "source_file", "source_line")
    row = F.struct(*[name for name in accepted.columns if name != key])
    by_key = accepted.withColumn(key, trimmed(key)).groupBy(key)
    return by_key.agg(F.max_by(row, order).alias("row")).select(key, "row.*")


def position(landing_ids: Sequence[str]) -> Column:
    """Return the position of a row's landing among these, from 1; 0 if it is none of them."""
    ids = F.array(*[F.lit(landing_id) for landing_id in landing_ids])
    return F.array_position(ids, F.col("landing_id"))
