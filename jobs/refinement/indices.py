"""Dense 32-bit numbers for ids that are strings; the engine counts in them."""

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from warehouse.delta import Warehouse
from warehouse.tables import Table


def numbered(ids: DataFrame, known: DataFrame, table: Table) -> DataFrame:
    """Return the ids that `known` lacks, numbered on from its largest number, in their order."""
    key, number = table.names
    fresh = ids.select(key).distinct().join(known, key, "left_anti")
    top = known.agg(F.coalesce(F.max(number), F.lit(-1)).alias("top"))
    place = F.row_number().over(Window.orderBy(key))
    return (
        fresh.withColumn("place", place)
        .crossJoin(F.broadcast(top))
        .select(key, (F.col("top") + F.col("place")).cast("int").alias(number))
    )


def extend(warehouse: Warehouse, table: Table, ids: DataFrame, *, part: str) -> None:
    """Give the ids that have no number yet the next ones."""
    fresh = numbered(ids, warehouse.read_or_empty(table), table).cache()
    if not fresh.isEmpty():
        warehouse.append(table, fresh, part=part)
    fresh.unpersist()
