"""Dense 32-bit indices of users and items, whose ids are strings. The engine computes with them."""

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from warehouse.delta import Warehouse
from warehouse.tables import Table


def new_indices(ids: DataFrame, indexed: DataFrame, table: Table) -> DataFrame:
    """Return the ids that have no index yet, each with the next free one, in the order of ids."""
    key, index = table.names
    fresh = ids.select(key).distinct().join(indexed, key, "left_anti")
    largest = indexed.agg(F.coalesce(F.max(index), F.lit(-1)).alias("largest"))
    return (
        fresh.withColumn("nth", F.row_number().over(Window.orderBy(key)))
        .crossJoin(F.broadcast(largest))
        .select(key, (F.col("largest") + F.col("nth")).cast("int").alias(index))
    )


def extend(warehouse: Warehouse, table: Table, ids: DataFrame, *, write_id: str) -> None:
    """Append an index for each id that has none."""
    fresh = new_indices(ids, warehouse.read_or_empty(table), table).cache()
    if not fresh.isEmpty():
        warehouse.append(table, fresh, write_id=write_id)
    fresh.unpersist()
