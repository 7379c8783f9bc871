"""Counts of rows by landing and check, and of values that are left out."""

import pytest
from pyspark.sql import SparkSession

from jobs.refinement.balances import balances_of, warn_of_unread
from jobs.refinement.checking.checks import checked
from tests.support.jobs.product import ITEMS, NOW, product
from warehouse.tables import BRONZE_ITEMS


def test_values_that_cannot_be_read_are_counted_with_the_first_line(
    spark: SparkSession, caplog: pytest.LogCaptureFixture
) -> None:
    types = {"price": "number", "until": "time"}
    dataset = product(items=ITEMS | {"attributes": types, "released": "year"})
    sent = [
        ("a", "2001", {"price": "4.50", "until": "2026-03-01"}),
        ("b", "soon", {"price": "n/a", "until": "soon"}),
        ("\u00a0", "2001", {"price": "n/a", "until": None}),
        ("d", None, {"price": "\u00a0", "until": None}),
        ("e", "\u00a02001", {"price": "many", "until": "1772359200"}),
    ]
    rows = [
        (item, "T", None, None, year, "l", "i.csv", line, None, "run", attributes, None)
        for line, (item, year, attributes) in enumerate(sent, 1)
    ]
    frame = spark.createDataFrame(rows, BRONZE_ITEMS.ddl)

    balances = balances_of({"items": checked(frame, dataset, dataset.items, now=NOW)})
    warn_of_unread(dataset, balances)

    assert balances["items"].n_unread == {"price": 2, "until": 1, "year": 1}
    assert balances["items"].n_failures == {"item_missing": 1}
    assert (
        "product: 2 values of `price` in items cannot be read and are left out (first: i.csv:2)"
        in caplog.text
    )
