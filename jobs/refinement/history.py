"""Rows of bronze as silver keeps them: each event once, one interaction per pair, last rows."""

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.engine.interactions import Meanings, interaction
from jobs.refinement.texts import trimmed
from warehouse.manifests.kinds import UNDO
from warehouse.manifests.sources import Events, Ratings

PAIR = ("user_id", "item_id")


def event_id(section: Ratings | Events) -> Column:
    """Return the event's id: a digest of kind, user, item, number and time.

    Without times the line of the file takes the place of the time: two lines are two events. If the
    same file is sent again, it has the same landing, so its events have the same ids.
    """
    number = F.coalesce("typed_rating", "typed_value").cast("string")
    if section.time is False:
        when = [F.col("landing_id"), F.col("source_file"), F.col("source_line").cast("string")]
    else:
        when = [F.unix_micros("occurred_at").cast("string")]
    key = [F.col("kind"), F.col("typed_user"), F.col("typed_item"), number, *when]
    return F.md5(F.concat_ws("\x1f", *key))


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
    return renamed.groupBy(*columns).agg(first)


def undos(feedback: DataFrame) -> DataFrame:
    """Return the undos among accepted rows of feedback. Their id is that of the undone event."""
    return feedback.where(F.col("kind") == UNDO)


def undone_pairs(feedback: DataFrame) -> DataFrame:
    """Return the distinct (user_id, item_id) of the undos among accepted rows of feedback."""
    pair = (F.col("typed_user").alias("user_id"), F.col("typed_item").alias("item_id"))
    return undos(feedback).select(*pair).distinct()


def not_undone(feedback: DataFrame) -> DataFrame:
    """Return accepted rows of feedback, undos included, without the events that these undo."""
    others = feedback.where(F.col("kind") != UNDO)
    kept = others.join(undos(feedback).select("event_id"), "event_id", "left_anti")
    return kept.select(feedback.columns).union(undos(feedback))


def not_in_silver(feedback: DataFrame) -> tuple[DataFrame, DataFrame]:
    """Return (landing_id) of accepted feedback without a row: undos, and what they undo here."""
    undone = feedback.where(F.col("kind") != UNDO).join(
        undos(feedback).select("event_id"), "event_id", "left_semi"
    )
    return undos(feedback).select("landing_id"), undone.select("landing_id")


def interactions_of(pairs: DataFrame, events: DataFrame, meanings: Meanings) -> DataFrame:
    """Return the interaction of each of the pairs; all but its key is null if it has no event."""
    of_pairs = events.join(pairs, list(PAIR), "left_semi")
    return pairs.join(interactions(of_pairs, meanings), list(PAIR), "left")


def interactions(events: DataFrame, meanings: Meanings) -> DataFrame:
    """Return the interaction of each user-item pair, by all of its `events`.

    Rating and kinds are null if the rating was removed and no other event counts; pairs without an
    event that counts have no row.
    """
    by_pair = events.groupBy(*PAIR).agg(interaction(meanings).alias("pair"))
    return by_pair.select(*PAIR, "pair.*").where("event_id IS NOT NULL")


def touched_interactions(history: DataFrame, new: DataFrame, meanings: Meanings) -> DataFrame:
    """Return the interactions of the pairs that `new` events touch, by the events of `history`.

    With ratings alone, the newest of the new events is compared with the stored one. Of older
    events only removals are read: silver.interactions has no trace of a removed rating, and an
    older one may arrive after the removal. With other kinds, all events of these pairs are added up
    again, so that no event counts twice.
    """
    if not meanings.kinds:
        removals = history.where("kind = 'unrate'").join(_pairs(new), list(PAIR), "left_semi")
        return interactions(new.union(removals.select(new.columns)), meanings)
    return interactions(history.join(_pairs(new), list(PAIR), "left_semi"), meanings)


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


def _pairs(events: DataFrame) -> DataFrame:
    return events.select(*PAIR).distinct()
