"""Events of files: their checks, their types, their ids."""

from typing import Any

from pyspark.sql import SparkSession

from jobs.refinement.checking import checks
from tests.support.jobs.product import NOW, shop
from warehouse.tables import BRONZE_EVENTS

SECTION = "events*.csv"
STARS = {"lowest": 1, "highest": 5, "step": 1, "relevant_from": 4}
ENTRY = {"file": SECTION, "kind_column": "kind", "value": "n", "time": "at"}
Sent = tuple[str | None, str | None, str | None]  # kind, value, time


def checked(
    spark: SparkSession, *rows: Sent, extra: dict[str, str] | None = None, **changes: Any
) -> list[Any]:
    lines = [
        ("u", "a", *row, SECTION, "l", "e.csv", line, None, "run", extra)
        for line, row in enumerate(rows, 1)
    ]
    dataset = shop(
        events=[ENTRY | changes],
        kinds={"buy": {}, "view": {}, "read": {"value": "share"}},
        scale=STARS,
    )
    frame = spark.createDataFrame(lines, BRONZE_EVENTS.ddl)
    rows_checked = checks.checked(frame, dataset, dataset.events[0], now=NOW)
    return sorted(rows_checked.collect(), key=lambda row: row["source_line"])


def test_each_event_names_all_checks_that_it_fails(spark: SparkSession) -> None:
    rows = checked(
        spark,
        ("view", None, "100"),
        ("buy", "2.5", "100"),
        ("refund", "1", "100"),
        (None, "1", "100"),
        ("buy", "many", "100"),
        ("buy", "-2", "100"),
        ("read", "1.5", "100"),
        ("rate", "9", "yesterday"),
        ("rate", None, "100"),
        ("rate", "4", "100"),
    )

    assert [row.failed_checks for row in rows] == [
        [],
        [],
        ["kind_unknown"],
        ["kind_unknown"],
        ["value_not_a_number"],
        ["value_negative"],
        ["value_not_a_share"],
        ["rating_off_scale", "time_not_readable"],
        ["rating_not_a_number"],
        [],
    ]
    assert [(row.typed_rating, row.typed_value) for row in rows[:2]] == [(None, None), (None, 2.5)]
    assert (rows[-1].typed_rating, rows[-1].typed_value) == (4, None)
    assert [row.sent_kind for row in rows[2:4]] == ["refund", None]


def test_a_text_without_a_value_counts_as_none_and_as_no_rating(spark: SparkSession) -> None:
    rows = checked(
        spark, ("buy", "0.0", "1"), ("rate", "0", "1"), ("buy", "3", "1"), no_value=["0"]
    )

    assert [(row.failed_checks, row.dropped) for row in rows] == [
        ([], False),
        ([], True),
        ([], False),
    ]
    assert [row.typed_value for row in rows] == [None, None, 3.0]


def test_rows_that_the_condition_does_not_keep_are_dropped(spark: SparkSession) -> None:
    kept = checked(spark, ("buy", "many", "1"), extra={"n": "-1"}, keep_if="n > 0")

    assert [(row.failed_checks, row.dropped) for row in kept] == [([], True)]


def test_kinds_and_texts_are_mapped_by_the_manifest(spark: SparkSession) -> None:
    [row] = checked(spark, (" purchase", "yes", "1"), kinds={"purchase": "buy"}, values={"yes": 7})

    assert (row.kind, row.typed_value, row.failed_checks) == ("buy", 7.0, [])


def test_kind_value_and_time_make_an_event(spark: SparkSession) -> None:
    rows = checked(
        spark,
        ("view", None, "100"),
        ("view", None, "100.0"),
        ("buy", None, "100"),
        ("buy", "1", "100"),
        ("view", None, "101"),
    )

    ids = [row.event_id for row in rows]
    assert (ids[0] == ids[1], len(set(ids))) == (True, 4)


def test_without_times_each_line_is_an_event(spark: SparkSession) -> None:
    rows = checked(spark, ("view", None, None), ("view", None, None), time=False)
    again = checked(spark, ("view", None, None), ("view", None, None), time=False)

    assert [row.failed_checks for row in rows] == [[], []]
    assert len({row.event_id for row in rows}) == 2
    assert [row.event_id for row in again] == [row.event_id for row in rows]
