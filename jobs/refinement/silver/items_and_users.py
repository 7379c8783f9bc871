"""Merge items and users into silver, from files and from the product's changes."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.refinement import catalogue, history, product_changes
from jobs.refinement.pending import CATALOGUE, CHANGES, USER_CHANGES, USERS, Batch
from warehouse.datasets import Dataset
from warehouse.delta import Warehouse
from warehouse.landings import Landing
from warehouse.query import Lake
from warehouse.tables import (
    BRONZE_ITEM_CHANGES,
    BRONZE_USER_CHANGES,
    SILVER_ITEMS,
    SILVER_USERS,
    Table,
)


def merge(
    warehouse: Warehouse, dataset: Dataset, passed: Mapping[str, DataFrame], batch: Batch
) -> list[DataFrame]:
    """Merge items and users into silver; return the rows that were accepted."""
    accepted = []
    if "items" in passed or "categories" in passed or batch.loaded(product_changes.OF_ITEMS):
        accepted += _merge_items(warehouse, dataset, passed, batch)
    if "users" in passed or batch.loaded(product_changes.OF_USERS):
        accepted += _merge_users(warehouse, dataset, passed, batch)
    return accepted


def n_rows(warehouse: Warehouse, batch: Batch) -> int:
    """Return how many rows `merge` reads, of the batch and of the tables."""
    lake, groups = Lake(warehouse.root), (CATALOGUE, USERS, CHANGES, USER_CHANGES)
    tables = (SILVER_ITEMS, SILVER_USERS, BRONZE_ITEM_CHANGES, BRONZE_USER_CHANGES)
    stored = sum(lake.n_rows(table) for table in tables if lake.exists(table))
    return stored + sum(landing.n_rows for group in groups for landing in batch.loaded(*group))


def _merge_items(
    warehouse: Warehouse, dataset: Dataset, passed: Mapping[str, DataFrame], batch: Batch
) -> list[DataFrame]:
    """Merge the newest rows of files and of the product's changes; return what was accepted."""
    rows, accepted = None, list[DataFrame]()
    sent = [passed[name] for name in ("items", "categories") if name in passed]
    if sent:
        landings = batch.loaded("items", "categories")
        refined = catalogue.refined(passed, dataset, [x.landing_id for x in landings])
        rows = product_changes.dated(refined.items, sent, _landed_at(landings), "item_id")
        accepted += refined.accepted
    changes = product_changes.newest_of_items(warehouse, dataset)
    rows, changed = _newest(rows, changes, batch, product_changes.OF_ITEMS, SILVER_ITEMS)
    if rows is not None:
        only_if, gone = catalogue.ITEM_CHANGED, product_changes.IS_REMOVAL
        _merge_rows(warehouse, SILVER_ITEMS, rows, batch, only_if=only_if, gone=gone)
    return accepted + changed


def _merge_users(
    warehouse: Warehouse, dataset: Dataset, passed: Mapping[str, DataFrame], batch: Batch
) -> list[DataFrame]:
    """Merge the newest rows of files and of the product's changes; return what was accepted."""
    rows, accepted = None, list[DataFrame]()
    if "users" in passed:
        landings, sent = batch.loaded("users"), passed["users"]
        last = history.last_rows(sent, "user_id", [x.landing_id for x in landings]).cache()
        rows = product_changes.dated(catalogue.users(last), [sent], _landed_at(landings), "user_id")
        accepted.append(last)
    changes = product_changes.newest_of_users(warehouse, dataset)
    rows, changed = _newest(rows, changes, batch, product_changes.OF_USERS, SILVER_USERS)
    if rows is not None:
        _merge_rows(warehouse, SILVER_USERS, rows, batch, only_if=catalogue.USER_CHANGED)
    return accepted + changed


def _landed_at(landings: Sequence[Landing]) -> dict[str, datetime]:
    return {x.landing_id: x.landed_at for x in landings if x.landed_at is not None}


def _newest(
    files: DataFrame | None, changes: DataFrame | None, batch: Batch, target: str, table: Table
) -> tuple[DataFrame | None, list[DataFrame]]:
    """Return the newest rows of files and changes, and the changes that are new.

    Of earlier changes, those count whose item or user is in the files.
    """
    if changes is None:
        return files, []
    is_new = F.col("landing_id").isin([x.landing_id for x in batch.loaded(target)])
    new = changes.where(is_new)
    if files is None:
        return changes if batch.overwrites else new, [new]
    if not batch.overwrites:
        changes = _of_batch_or(is_new, changes, files, table)
    return product_changes.merged(files, changes, table), [new]


def _of_batch_or(is_new: Column, changes: DataFrame, rows: DataFrame, table: Table) -> DataFrame:
    """Return the changes that are new, and those of keys in `rows`."""
    sent = rows.select(*table.key, F.expr("true").alias("is_sent"))
    return changes.join(sent, [*table.key], "left").where(is_new | F.col("is_sent"))


def _merge_rows(
    warehouse: Warehouse,
    table: Table,
    rows: DataFrame,
    batch: Batch,
    *,
    only_if: str,
    gone: str | None = None,
) -> None:
    """Merge the rows, one per key. What is written anew overwrites.

    Rows that are `gone`, a condition over their columns, are not kept: they delete the table's.
    """
    kept = rows if gone is None else rows.where(f"NOT {gone}")
    if batch.overwrites:
        warehouse.overwrite(table, kept, write_id=batch.write_id)
        return
    if warehouse.fill(table, kept, write_id=batch.write_id):
        return
    rows.cache()
    delete_if = None if gone is None else f"s.{gone}"
    warehouse.merge(table, rows, only_if=only_if, delete_if=delete_if, write_id=batch.write_id)
    rows.unpersist()
