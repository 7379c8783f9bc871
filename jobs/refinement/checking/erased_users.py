"""Rows of erased users are kept out of silver: the one place where events and users enter.

Their rows fail a check of their own. The quarantine gets no content of them, not even the id.
"""

from typing import Final

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from warehouse.delta import Warehouse
from warehouse.tables import BRONZE_ERASURES

USER_ERASED: Final = "user_erased"
_NOTHING: Final = "{}"


def marked(warehouse: Warehouse, rows: DataFrame, *, dataset: str, user_id: Column) -> DataFrame:
    """Return the checked rows; those of erased users fail the check `user_erased`.

    `rows` has `failed_checks`, `dropped` and `sent`, and the user's id as `user_id` computes it.
    """
    if not warehouse.exists(BRONZE_ERASURES):
        return rows
    joined = rows.withColumn("user_digest", _digest(dataset, user_id)).join(
        _listed(warehouse).withColumn("is_erased", F.expr("true")), "user_digest", "left"
    )
    is_erased = F.coalesce("is_erased", F.expr("false"))
    failed = F.array_append("failed_checks", F.lit(USER_ERASED))
    return joined.withColumns(
        {
            "failed_checks": F.when(is_erased, failed).otherwise(F.col("failed_checks")),
            "dropped": F.col("dropped") & ~is_erased,
            "sent": F.when(is_erased, F.lit(_NOTHING)).otherwise(F.col("sent")),
        }
    ).drop("user_digest", "is_erased")


def without(warehouse: Warehouse, rows: DataFrame, dataset: str) -> DataFrame:
    """Return the rows, which have a `user_id`, without those of erased users."""
    if not warehouse.exists(BRONZE_ERASURES):
        return rows
    with_digest = rows.withColumn("user_digest", _digest(dataset, F.col("user_id")))
    return with_digest.join(_listed(warehouse), "user_digest", "left_anti").drop("user_digest")


def _listed(warehouse: Warehouse) -> DataFrame:
    return warehouse.read(BRONZE_ERASURES).select("user_digest").distinct()


def _digest(dataset: str, user_id: Column) -> Column:
    return F.sha2(F.concat(F.lit(f"{dataset}/"), user_id), 256)
