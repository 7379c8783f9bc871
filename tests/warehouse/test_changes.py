"""Changed rows are counted from the log."""

from collections.abc import Mapping

import pytest
from deltalake import DeltaTable
from pyspark.sql import DataFrame

from tests.support.runs import under
from warehouse import changes
from warehouse.delta import Warehouse
from warehouse.query import Lake
from warehouse.tables import SILVER_USER_INDEX


def users(warehouse: Warehouse, indices: Mapping[str, int]) -> DataFrame:
    return warehouse.spark.createDataFrame([*indices.items()], SILVER_USER_INDEX.ddl)


@pytest.fixture
def merged(warehouse: Warehouse) -> Warehouse:
    """A table whose version 1 has two rows; merges inserted one, updated one, deleted one."""
    warehouse.overwrite(SILVER_USER_INDEX, users(warehouse, {"a": 0, "b": 1}))
    under(warehouse, "d/1/t").insert_new(SILVER_USER_INDEX, users(warehouse, {"b": 9, "c": 2}))
    under(warehouse, "d/2/t").merge(
        SILVER_USER_INDEX, users(warehouse, {"b": 5, "c": 2}), delete_if="s.user_id = 'c'"
    )
    return warehouse


def n_changed(warehouse: Warehouse, since: int) -> int | None:
    return changes.n_changed(Lake(warehouse.root), SILVER_USER_INDEX, since=since)


def test_rows_that_merges_changed_are_counted(merged: Warehouse) -> None:
    newest = Lake(merged.root).version(SILVER_USER_INDEX)

    assert [n_changed(merged, newest - n) for n in range(3)] == [0, 2, 3]


def test_deletions_and_compactions_are_no_changes(merged: Warehouse) -> None:
    newest = Lake(merged.root).version(SILVER_USER_INDEX)
    delta = DeltaTable(SILVER_USER_INDEX.uri(merged.root))
    delta.delete("user_id = 'a'")
    delta.optimize.compact()

    assert n_changed(merged, newest) == 0


def test_changes_are_unknown_if_rows_were_written_without_a_merge(merged: Warehouse) -> None:
    assert n_changed(merged, 0) is None  # the rows of version 1 were written
