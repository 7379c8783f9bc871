"""Rows that fail a check, kept as they were sent."""

from datetime import datetime

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from warehouse.delta import Warehouse
from warehouse.tables import BRONZE, SILVER_QUARANTINE


def quarantine(
    warehouse: Warehouse, target: str, checked: DataFrame, *, write_id: str, now: datetime
) -> None:
    """Write the target's rows that fail a check to the quarantine, once."""
    rows = checked.where("size(failed_checks) > 0").select(
        F.lit(target).alias("target"),
        F.to_json(F.struct(*BRONZE[target].sent)).alias("sent"),
        "failed_checks",
        "landing_id",
        "source_file",
        "source_line",
        F.lit(now).alias("first_seen_at"),
        F.lit(str(warehouse.run_key)).alias("run_key"),
    )
    write_id = f"{write_id}-{target}"
    if not warehouse.exists(SILVER_QUARANTINE):
        warehouse.overwrite(SILVER_QUARANTINE, rows, write_id=write_id)
        return
    rows.cache()  # few rows that are read twice: bronze is parsed once
    warehouse.insert_new(SILVER_QUARANTINE, rows, write_id=write_id)
    rows.unpersist()
