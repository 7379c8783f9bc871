"""Dense 32-bit indices of users and items, whose ids are strings. The engine computes with them."""

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from warehouse.delta import Warehouse
from warehouse.tables import Table


def extend(warehouse: Warehouse, table: Table, ids: DataFrame, *, write_id: str) -> None:
    """Append the next free index for each id that has none, in the order of ids."""
    indexed, (key, index) = warehouse.read_or_empty(table), table.names
    fresh = ids.select(key).distinct().join(indexed, key, "left_anti")
    nth = F.row_number().over(Window.orderBy(key))
    largest = F.broadcast(indexed.agg(F.coalesce(F.max(index), F.lit(-1)).alias("largest")))
    numbered = fresh.withColumn("nth", nth).crossJoin(largest)
    rows = numbered.select(key, (F.col("largest") + F.col("nth")).cast("int").alias(index)).cache()
    if not rows.isEmpty():
        warehouse.append(table, rows, write_id=write_id)
    rows.unpersist()
