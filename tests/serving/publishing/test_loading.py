import pyarrow as pa
import pytest

from serving.publishing import items, loading
from serving.tables import LISTS
from warehouse.tables import (
    GOLD_CONTENT_WEIGHTS,
    GOLD_FALLBACK_LISTS,
    GOLD_ITEM_FACTORS,
    GOLD_PROFILES,
    GOLD_RECOMMENDATIONS,
    GOLD_SIMILAR_ITEMS,
    GOLD_TAKEN_TOGETHER,
    SILVER_ITEMS,
    Table,
)

PUBLISHED = (
    GOLD_RECOMMENDATIONS,
    GOLD_PROFILES,
    GOLD_ITEM_FACTORS,
    GOLD_CONTENT_WEIGHTS,
    GOLD_SIMILAR_ITEMS,
    GOLD_TAKEN_TOGETHER,
    GOLD_FALLBACK_LISTS,
)
SPARK_TYPES = {
    pa.string(): "string",
    pa.float32(): "float",
    pa.int32(): "int",
    pa.list_(pa.string()): "array<string>",
    pa.list_(pa.float32()): "array<float>",
    pa.list_(pa.timestamp("us", "UTC")): "array<timestamp>",
}


def spark_columns(schema: pa.Schema) -> dict[str, str]:
    return {field.name: SPARK_TYPES[field.type] for field in schema}


def columns(table: Table) -> dict[str, str]:
    return {column.name: column.type for column in table.columns}


def test_a_release_has_the_tables_that_the_lake_publishes() -> None:
    assert set(LISTS) == {table.name for table in PUBLISHED}


@pytest.mark.parametrize("table", PUBLISHED, ids=lambda table: table.full_name)
def test_a_table_of_a_release_has_the_columns_of_the_lake(table: Table) -> None:
    lake = {n: of for n, of in columns(table).items() if n not in ("retrain_id", "n_baskets")}

    assert spark_columns(loading.SCHEMAS[table.name]) == lake


def test_items_have_the_columns_of_the_lake() -> None:
    served = spark_columns(items.SCHEMA)

    assert served.items() <= columns(SILVER_ITEMS).items()
