"""The product's changes of items and of users, beside the rows of files: the newest of both counts.

A row of a file is as old as its landing, a change as the API's clock says. The removal of an item
is a row without a title.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.refinement.checking import erased_users
from jobs.refinement.texts import trimmed
from warehouse.datasets import Dataset
from warehouse.delta import Warehouse
from warehouse.tables import (
    BRONZE_ITEM_CHANGES,
    BRONZE_USER_CHANGES,
    SILVER_ITEMS,
    SILVER_USERS,
    Table,
)

OF_ITEMS: Final = BRONZE_ITEM_CHANGES.name
OF_USERS: Final = BRONZE_USER_CHANGES.name
IS_REMOVAL: Final = "title IS NULL"
_TYPE = "map<string,string>"


def newest_of_items(warehouse: Warehouse, dataset: Dataset) -> DataFrame | None:
    """Return each item's newest change, with its landing, as a row of silver.items; None: none."""
    if not warehouse.exists(BRONZE_ITEM_CHANGES):
        return None
    changes = _newest(warehouse.read(BRONZE_ITEM_CHANGES), "item_id", "change_id")
    declared = [*dataset.items.attributes] if dataset.items is not None else []
    return changes.withColumns(
        {
            "title": F.when(~F.col("removed"), F.col("title")),
            "attributes": _kept(declared) if declared else F.lit(None).cast(_TYPE),
        }
    ).select(*SILVER_ITEMS.names, "landing_id")


def newest_of_users(warehouse: Warehouse, dataset: Dataset) -> DataFrame | None:
    """Return each user's newest change, with its landing, as a row of silver.users; None: none.

    Erased users are left out.
    """
    if not warehouse.exists(BRONZE_USER_CHANGES):
        return None
    rows = erased_users.without(warehouse, warehouse.read(BRONZE_USER_CHANGES), dataset.name)
    declared = dataset.users.attributes if dataset.users is not None else ()
    changes = _newest(rows, "user_id", "source_line")
    return changes.withColumn("attributes", _kept(declared)).select(
        *SILVER_USERS.names, "landing_id"
    )


def dated(
    rows: DataFrame, sent: Sequence[DataFrame], landed_at: Mapping[str, datetime], key: str
) -> DataFrame:
    """Return rows of files with `changed_at`: when their last landing in `sent` landed.

    `key` is the column of the id.
    """
    landings = rows.sparkSession.createDataFrame(
        list(landed_at.items()), "landing_id string, changed_at timestamp"
    )
    ids = [of_files.select(trimmed(key).alias(key), "landing_id") for of_files in sent]
    pairs = ids[0] if len(ids) == 1 else ids[0].union(ids[1])
    times = pairs.distinct().join(F.broadcast(landings), "landing_id")
    last = times.groupBy(key).agg(F.max("changed_at").alias("changed_at"))
    return rows.join(last, key, "left")


def merged(files: DataFrame, changes: DataFrame, table: Table) -> DataFrame:
    """Return the newest row of each key of the table; of equal times, the product's change."""
    names, [key] = table.names, table.key
    of_files = files.select(*names, F.lit(0).alias("is_change"))
    both = of_files.unionByName(changes.select(*names, F.lit(1).alias("is_change")))
    row = F.struct(*[name for name in names if name != key])
    last = both.groupBy(key).agg(F.max_by(row, F.struct("changed_at", "is_change")))
    return last.toDF(key, "row").select(key, "row.*")


def _newest(rows: DataFrame, key: str, tie: str) -> DataFrame:
    row = F.struct(*[name for name in rows.columns if name != key])
    by_key = rows.groupBy(key).agg(F.max_by(row, F.struct("changed_at", tie)))
    return by_key.toDF(key, "row").select(key, "row.*")


def _kept(declared: Sequence[str]) -> Column:
    """Return the attributes of these names."""
    kept = F.map_filter("attributes", lambda name, _: name.isin([*declared]))
    return kept if declared else F.expr(f"CAST(map() AS {_TYPE})")
