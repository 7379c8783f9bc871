"""Rows that fail a check, kept as they were sent."""

from collections.abc import Mapping
from datetime import datetime
from functools import reduce

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.refinement.balances import Balance
from jobs.refinement.pending import Batch
from warehouse.delta import Warehouse
from warehouse.tables import SILVER_QUARANTINE


def quarantine(
    warehouse: Warehouse,
    checked: Mapping[str, DataFrame],
    balances: Mapping[str, Balance],
    batch: Batch,
    *,
    now: datetime,
) -> None:
    """Write the rows that fail a check to the quarantine, once.

    If silver is written anew, all rows were checked again: rows that pass now leave the quarantine.
    """
    run_key = str(warehouse.run_key)
    failed = {
        target: _failed(target, rows, now=now, run_key=run_key)
        for target, rows in checked.items()
        if balances[target].n_quarantined.total() or balances[target].n_erased.total()
    }
    if batch.rebuilds and warehouse.exists(SILVER_QUARANTINE):
        _replace(warehouse, list(failed.values()), batch)
        return
    for target, rows in failed.items():
        _add(warehouse, rows, write_id=f"{batch.write_id}-{target}")


def _failed(target: str, checked: DataFrame, *, now: datetime, run_key: str) -> DataFrame:
    return checked.where("size(failed_checks) > 0").select(
        F.lit(target).alias("target"),
        "sent",
        "failed_checks",
        "landing_id",
        "source_file",
        "source_line",
        F.lit(now).alias("first_seen_at"),
        F.lit(run_key).alias("run_key"),
    )


def _replace(warehouse: Warehouse, failed: list[DataFrame], batch: Batch) -> None:
    """Replace the quarantine; a row that fails again keeps the time when it was first seen."""
    earlier = warehouse.read(SILVER_QUARANTINE)
    rows = reduce(DataFrame.union, failed) if failed else earlier.limit(0)
    key = list(SILVER_QUARANTINE.key)
    first = earlier.select(*key, F.col("first_seen_at").alias("before"))
    first_seen = F.coalesce("before", "first_seen_at")
    checked_again = rows.join(first, key, "left").withColumn("first_seen_at", first_seen)
    warehouse.overwrite(SILVER_QUARANTINE, checked_again, write_id=batch.write_id)


def _add(warehouse: Warehouse, rows: DataFrame, *, write_id: str) -> None:
    if warehouse.fill(SILVER_QUARANTINE, rows, write_id=write_id):
        return
    rows.cache()  # few rows that are read twice: bronze is parsed once
    warehouse.insert_new(SILVER_QUARANTINE, rows, write_id=write_id)
    rows.unpersist()
