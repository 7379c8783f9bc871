"""The catalogue from items and categories of any shape."""

from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from jobs.refinement import catalogue, category_lists
from tests.support.jobs.product import product
from warehouse.datasets import Dataset
from warehouse.manifests.sources import Items
from warehouse.tables import BRONZE_CATEGORIES, BRONZE_ITEMS

ITEMS = {"file": "i.csv", "categories": "kinds"}
CATEGORIES = {"file": "c.csv"}
Line = tuple[str, ...]


def item_rows(
    spark: SparkSession,
    *sent: tuple[str, str, str | None],
    attributes: dict[str, str] | None = None,
) -> DataFrame:
    """Return rows of (item, title, categories); the landing is the id's first letter."""
    rows = [
        (item[1:], title, kinds, None, None, item[0], "i.csv", line, None, "run", attributes, None)
        for line, (item, title, kinds) in enumerate(sent, 1)
    ]
    return spark.createDataFrame(rows, BRONZE_ITEMS.ddl)


def category_rows(spark: SparkSession, *sent: tuple[str, str]) -> DataFrame:
    rows = [
        (item[1:], category, item[0], "c.csv", line, None, "run", None)
        for line, (item, category) in enumerate(sent, 1)
    ]
    return spark.createDataFrame(rows, BRONZE_CATEGORIES.ddl)


def refined(dataset: Dataset, **passed: DataFrame) -> dict[str, tuple[str, list[str]]]:
    rows = catalogue.refined(passed, dataset, ["x", "y", "z"]).items.collect()
    return {row.item_id: (row.title, row.categories) for row in rows}


def test_lists_are_read_in_every_notation(spark: SparkSession) -> None:
    notations: dict[str, list[str]] = {
        "a|b|a": ["a", "b"],
        '["a", "b, c"]': ["a", "b, c"],
        "['Fiction', \"Don't\"]": ["Fiction", "Don't"],
        r"['Rock \'n\' Roll']": ["Rock 'n' Roll"],
        "[{'alias': 'hotels', 'title': 'Hotels'}, {'name': 'Spa'}]": ["Hotels", "Spa"],
        '{"name": "Garden"}': ["Garden"],
        'c("a", "b")': ["a", "b"],
        "character(0)": [],
        "{}": [],
        "[]": [],
        "": [],
        "[sic] a|b": ["[sic] a", "b"],
    }
    rows = item_rows(spark, *[(f"x{at}", "t", text) for at, text in enumerate(notations)])

    read = rows.select("item_id", category_lists.of(Items(file="i.csv")).alias("read")).collect()

    assert {list(notations)[int(row.item_id)]: row.read for row in read} == notations


def test_rows_of_one_item_are_merged_within_its_last_landing(spark: SparkSession) -> None:
    rows = item_rows(
        spark,
        ("xa", "Old", "gone"),
        ("ya", "First", "one|two"),
        ("ya", "Last", "three"),
        ("xb", "Only", "one"),
    )

    merged = refined(product(items=ITEMS), items=rows)

    assert merged == {"a": ("Last", ["one", "two", "three"]), "b": ("Only", ["one"])}


def test_categories_of_a_file_of_their_own_are_added(spark: SparkSession) -> None:
    dataset = product(items=ITEMS, categories=CATEGORIES)
    items = item_rows(spark, ("xa", "Title", "one"), ("xb", "", None))
    categories = category_rows(
        spark, ("xa", "gone"), ("ya", "two"), ("ya", "one"), ("xb", "z"), ("xb", "c"), ("xq", "n")
    )

    both = refined(dataset, items=items, categories=categories)

    assert both == {"a": ("Title", ["one", "two"]), "b": ("b", ["z", "c"])}
    without_items = product(items=None, categories=CATEGORIES)
    assert refined(without_items, categories=categories)["q"] == ("q", ["n"])


def test_attributes_have_a_standard_form(spark: SparkSession) -> None:
    types = {"price": "number", "until": "time", "tags": "list", "image": "text", "stock": "number"}
    section = Items.model_validate(ITEMS | {"attributes": types, "decimal": ","})
    sent = {
        "price": "1.234,50",
        "until": "2026-03-01 11:00:00+01:00",
        "tags": "a, b",
        "stock": "n/a",
    }
    rows = item_rows(spark, ("xa", "t", None), attributes=sent | {"image": " a.png "})

    [row] = catalogue.items(rows, section).collect()

    assert row.attributes == {
        "price": "1234.5",
        "until": "2026-03-01T10:00:00Z",
        "tags": '["a", "b"]',
        "image": "a.png",
    }


@pytest.mark.parametrize("attributes", [{}, {"price": "number"}])
def test_items_without_attributes_have_none(
    spark: SparkSession, attributes: dict[str, Any]
) -> None:
    section = Items.model_validate(ITEMS | {"attributes": attributes})

    [row] = catalogue.items(item_rows(spark, ("xa", "t", None)), section).collect()

    assert not row.attributes
