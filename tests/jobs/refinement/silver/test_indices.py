"""Ids get numbers without gaps, by several tasks, and by several refinements at once."""

from typing import Any

import pytest
from pyspark.sql import DataFrame

from jobs.engine.settled import settled
from jobs.refinement.silver import indices
from tests.support.runs import under
from warehouse.append import Mark, append
from warehouse.delta import Warehouse
from warehouse.maintenance import files
from warehouse.query import Lake
from warehouse.run_keys import RunKey
from warehouse.tables import SILVER_ITEM_INDEX, SILVER_USER_INDEX, Table


def ids(warehouse: Warehouse, numbers: range) -> DataFrame:
    rows = [(f"i{n:04d}",) for n in reversed(numbers)]
    return warehouse.spark.createDataFrame(rows, "item_id string").repartition(3)


def extended(warehouse: Warehouse, run: str, numbers: range) -> None:
    """Extend the indices by items and as many users with the same ids."""
    items = ids(warehouse, numbers)
    users = items.withColumnRenamed("item_id", "user_id")
    indices.extend(
        under(warehouse, f"ingest/{run}/refine"),
        {SILVER_USER_INDEX: users, SILVER_ITEM_INDEX: items},
        write_id="all",
    )


def indexed(warehouse: Warehouse, table: Table) -> list[tuple[int, str]]:
    key, index = table.names
    return sorted((row[index], row[key]) for row in Lake(warehouse.root).rows(table))


def test_new_ids_continue_the_numbers_in_the_order_of_ids(warehouse: Warehouse) -> None:
    extended(warehouse, "1", range(0, 900, 2))
    extended(warehouse, "2", range(900))

    expected = [f"i{n:04d}" for n in (*range(0, 900, 2), *range(1, 900, 2))]
    for table in (SILVER_USER_INDEX, SILVER_ITEM_INDEX):
        assert indexed(warehouse, table) == list(enumerate(expected))
    before = Lake(warehouse.root).version(SILVER_ITEM_INDEX)

    extended(warehouse, "3", range(900))

    assert Lake(warehouse.root).version(SILVER_ITEM_INDEX) == before


def test_several_tasks_number_the_ids(warehouse: Warehouse) -> None:
    items = ids(warehouse, range(900))
    indices.extend(warehouse, {SILVER_ITEM_INDEX: items}, write_id="all")

    assert files.current(warehouse.root, SILVER_ITEM_INDEX).n_files > 1  # one per task


def test_two_refinements_at_once_give_no_number_twice(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = Warehouse.append

    def after_another(*arguments: Any, **options: Any) -> None:
        monkeypatch.setattr(Warehouse, "append", write)
        rows = [{"item_id": f"i{n:04d}", "item_index": n} for n in (2, 3)]
        key, mark = RunKey("ingest", "another", "refine"), Mark("numbered", 2, after=1)
        assert append(warehouse.root, SILVER_ITEM_INDEX, rows, run_key=key, mark=mark)
        write(*arguments, **options)

    first, second = under(warehouse, "ingest/1/refine"), under(warehouse, "ingest/2/refine")
    indices.extend(first, {SILVER_ITEM_INDEX: ids(warehouse, range(2))}, write_id="one")
    monkeypatch.setattr(Warehouse, "append", after_another)
    indices.extend(second, {SILVER_ITEM_INDEX: ids(warehouse, range(3, 6))}, write_id="two")

    expected = [(n, f"i{n:04d}") for n in range(6)]
    assert indexed(warehouse, SILVER_ITEM_INDEX) == expected


def test_a_new_table_is_numbered_in_one_pass(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    passes = list[DataFrame]()

    def counted(frame: DataFrame) -> DataFrame:
        passes.append(frame)
        return settled(frame)

    monkeypatch.setattr("jobs.refinement.silver.indices.settled", counted)
    extended(warehouse, "1", range(4))
    assert len(passes) == 1
    extended(warehouse, "2", range(6))
    assert len(passes) == 2
