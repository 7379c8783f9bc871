"""Add the events of a batch to silver, and what they change: interactions, unlisted items."""

from collections.abc import Mapping
from functools import reduce

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.engine.interactions import Meanings
from jobs.refinement import catalogue, history, product_changes
from jobs.refinement.batch_rows import EVENT_COLUMNS
from jobs.refinement.pending import HISTORY, Batch
from jobs.refinement.silver import interactions, lag
from warehouse.datasets import Dataset
from warehouse.delta import Warehouse
from warehouse.query import Lake
from warehouse.tables import BRONZE_FEEDBACK, SILVER_EVENTS, SILVER_ITEMS


def merge(
    warehouse: Warehouse, dataset: Dataset, passed: Mapping[str, DataFrame], batch: Batch
) -> list[DataFrame]:
    """Add the events and merge the interactions; return the events that were accepted.

    Undos of feedback delete the events that they undo, of this batch and of earlier ones.
    """
    sent: dict[str, DataFrame] = {
        name: passed[name].select(*EVENT_COLUMNS) for name in HISTORY if name in passed
    }
    if not sent:
        return []
    meanings, counted = Meanings.of(dataset), dict(sent)
    feedback = sent.get("feedback")
    if feedback is not None:
        counted["feedback"] = history.not_undone(feedback)
    if "events" in sent and (undone := _undone(warehouse, dataset)) is not None:
        counted["events"] = history.without(sent["events"], undone)
    rows = history.events(reduce(DataFrame.union, counted.values()), batch.event_landings)
    with_run_key = rows.withColumn("run_key", F.lit(str(warehouse.run_key)))
    new = _merge_events(warehouse, with_run_key, batch)
    if lag.is_due(Lake(warehouse.root)):
        interactions.write(warehouse, meanings)
    if dataset.items is None:
        pairs = history.interactions(new, meanings).where(interactions.IS_PRESENT)
        _add_unlisted(warehouse, dataset, pairs, batch)
    items = warehouse.read_or_empty(SILVER_ITEMS).select("item_id", F.expr("true").alias("known"))
    accepted = new.join(items, "item_id", "left").withColumn("unknown", F.col("known").isNull())
    return [accepted] if feedback is None else [accepted, *history.not_in_silver(feedback)]


def _undone(warehouse: Warehouse, dataset: Dataset) -> DataFrame | None:
    """Return (event_id) of the events of the manifest's kinds that were undone; None: of none.

    A file may have an event that the product sent and undid.
    """
    if not dataset.kinds or not warehouse.exists(BRONZE_FEEDBACK):
        return None
    undos = warehouse.read(BRONZE_FEEDBACK).where(history.IS_UNDO)
    of_kinds = undos.where(F.col("undone_kind").isin(*dataset.kinds))
    return of_kinds.select(history.feedback_id(dataset.kinds).alias("event_id")).distinct()


def _merge_events(warehouse: Warehouse, rows: DataFrame, batch: Batch) -> DataFrame:
    """Insert the events that silver.events lacks, delete those that are undone.

    Equal events occurred at the same time, so only files with events of these times are read. An
    undo does not say when its event occurred: for it, the ids of all events are read.

    Returns:
        The events of the batch that are in silver.events.
    """
    kept = rows.where(f"NOT {history.IS_UNDO}")
    if batch.overwrites:
        warehouse.overwrite(SILVER_EVENTS, kept, write_id=batch.write_id)
        return of_batch(warehouse, batch)
    if warehouse.fill(SILVER_EVENTS, kept, write_id=batch.write_id):
        return of_batch(warehouse, batch)
    rows.cache()
    times, n_undos, is_unique = history.measured(rows)
    warehouse.merge(
        SILVER_EVENTS,
        rows,
        update=False,
        is_unique=is_unique,
        delete_if=f"s.{history.IS_UNDO}" if n_undos else None,
        among=None if n_undos else f"t.{times}",
        write_id=batch.write_id,
    )
    rows.unpersist()
    return of_batch(warehouse, batch).where(times)


def of_batch(warehouse: Warehouse, batch: Batch) -> DataFrame:
    """Return the events of the batch that are in silver.events."""
    events = warehouse.read_or_empty(SILVER_EVENTS)
    return events.where(F.col("landing_id").isin(batch.event_landings))


def _add_unlisted(warehouse: Warehouse, dataset: Dataset, pairs: DataFrame, batch: Batch) -> None:
    """Add the items of interactions to a catalogue without files of items.

    Items that the product removed stay away.
    """
    rows, changes = catalogue.unlisted(pairs), product_changes.newest_of_items(warehouse, dataset)
    if changes is not None:
        rows = rows.join(changes.where(product_changes.IS_REMOVAL), "item_id", "left_anti")
    write_id = f"{batch.write_id}-unlisted"
    if (
        dataset.categories is None
        and changes is None
        and batch.overwrites
        and warehouse.exists(SILVER_ITEMS)
    ):
        warehouse.overwrite(SILVER_ITEMS, rows, write_id=write_id)
    else:
        warehouse.insert_new(SILVER_ITEMS, rows, write_id=write_id)
