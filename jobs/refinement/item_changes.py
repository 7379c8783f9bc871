"""The product's changes of items, beside the rows of files: the newest of both is the item.

A row of a file is as old as its landing, a change as the API's clock says. A removal is a row
without a title.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.refinement.texts import trimmed
from warehouse.datasets import Dataset
from warehouse.delta import Warehouse
from warehouse.tables import BRONZE_ITEM_CHANGES, SILVER_ITEMS

TARGET: Final = BRONZE_ITEM_CHANGES.name
IS_REMOVAL: Final = "title IS NULL"


def newest(warehouse: Warehouse, dataset: Dataset) -> DataFrame | None:
    """Return each item's newest change, with its landing, as a row of silver.items; None: none."""
    if not warehouse.exists(BRONZE_ITEM_CHANGES):
        return None
    rows = warehouse.read(BRONZE_ITEM_CHANGES)
    row = F.struct(*[name for name in rows.columns if name != "item_id"])
    by_item = rows.groupBy("item_id").agg(F.max_by(row, F.struct("changed_at", "change_id")))
    changes = by_item.toDF("item_id", "row").select("item_id", "row.*")
    declared = [*dataset.items.attributes] if dataset.items is not None else []
    kept = F.map_filter("attributes", lambda name, _: name.isin(declared))
    return changes.withColumns(
        {
            "title": F.when(~F.col("removed"), F.col("title")),
            "attributes": kept if declared else F.lit(None).cast("map<string,string>"),
        }
    ).select(*SILVER_ITEMS.names, "landing_id")


def dated(
    items: DataFrame, sent: Sequence[DataFrame], landed_at: Mapping[str, datetime]
) -> DataFrame:
    """Return the items of files with `changed_at`: when their last landing in `sent` landed."""
    landings = items.sparkSession.createDataFrame(
        list(landed_at.items()), "landing_id string, changed_at timestamp"
    )
    ids = [rows.select(trimmed("item_id").alias("item_id"), "landing_id") for rows in sent]
    pairs = ids[0] if len(ids) == 1 else ids[0].union(ids[1])
    times = pairs.distinct().join(F.broadcast(landings), "landing_id")
    last = times.groupBy("item_id").agg(F.max("changed_at").alias("changed_at"))
    return items.join(last, "item_id", "left")


def merged(files: DataFrame, changes: DataFrame) -> DataFrame:
    """Return the newest row of each item; of equal times, the product's change."""
    names = SILVER_ITEMS.names
    of_files = files.select(*names, F.lit(0).alias("is_change"))
    both = of_files.unionByName(changes.select(*names, F.lit(1).alias("is_change")))
    row = F.struct(*[name for name in names if name not in SILVER_ITEMS.key])
    last = both.groupBy("item_id").agg(F.max_by(row, F.struct("changed_at", "is_change")))
    return last.toDF("item_id", "row").select("item_id", "row.*")
