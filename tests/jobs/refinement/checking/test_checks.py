from datetime import timedelta
from typing import Any

import pytest
from pyspark.sql import SparkSession

from jobs.engine.interactions import Meanings
from jobs.refinement.catalogue import items
from jobs.refinement.checking.checks import checked
from jobs.refinement.history import interactions
from tests.support.jobs.product import NOW, RATINGS, product
from warehouse.manifests.sources import Items
from warehouse.tables import BRONZE_ITEMS, BRONZE_RATINGS, SILVER_EVENTS

Sent = tuple[str | None, ...]
HALVES = {"lowest": 0.5, "highest": 5, "step": 0.5, "relevant_from": 4}


def checked_rows(spark: SparkSession, *rows: Sent, **changes: Any) -> list[Any]:
    lines = [(*row, "l", "r.csv", line, None, "run", None) for line, row in enumerate(rows, 1)]
    frame = spark.createDataFrame(lines, BRONZE_RATINGS.ddl)
    dataset = product(**changes)
    assert dataset.ratings is not None
    rows_checked = checked(frame, dataset, dataset.ratings, now=NOW)
    return sorted(rows_checked.collect(), key=lambda row: row["source_line"])


def test_each_row_names_all_checks_that_it_fails(spark: SparkSession) -> None:
    rows = checked_rows(
        spark,
        ("u", "a", "4", "100"),
        (None, "a", "9.5", "100"),
        ("u", " ", "NaN", "yesterday"),
        ("u", "a", "3.5", "100"),
        ("u", "a", "many", None),
        ("u\0", "a", "Infinity", "1e300"),
    )

    assert [row.failed_checks for row in rows] == [
        [],
        ["user_missing", "rating_off_scale"],
        ["item_missing", "rating_not_a_number", "time_not_readable"],
        ["rating_off_scale"],
        ["rating_not_a_number", "time_not_readable"],
        ["id_not_text", "rating_not_a_number", "time_not_readable"],
    ]


def test_steps_of_the_scale_come_from_the_manifest(spark: SparkSession) -> None:
    values = ("0.5", "3.5", "5.0", "0", "3.25", "5.5")

    rows = checked_rows(spark, *[("u", "a", value, "1") for value in values], scale=HALVES)

    assert [not row.failed_checks for row in rows] == [True, True, True, False, False, False]


def test_events_beyond_the_tolerance_are_in_the_future(spark: SparkSession) -> None:
    later = [NOW + timedelta(hours=hours) for hours in (-1, 23, 25)]

    rows = checked_rows(spark, *[("u", "a", "4", f"{at.timestamp():.0f}") for at in later])

    assert [row.failed_checks for row in rows] == [[], [], ["time_in_future"]]


@pytest.mark.parametrize(
    ("time_format", "sent"),
    [
        ("seconds", "1772359200"),
        ("seconds", "1772359200.0"),
        ("milliseconds", "1772359200000"),
        ("iso", "2026-03-01T10:00:00Z"),
        ("iso", "2026-03-01 11:00:00+01:00"),
        ("iso", "2026-03-01T10:00:00"),
    ],
)
def test_all_time_formats_are_read_as_utc(spark: SparkSession, time_format: str, sent: str) -> None:
    [row] = checked_rows(
        spark, ("u", "a", "4", sent), ratings={**RATINGS, "time_format": time_format}
    )

    assert row.failed_checks == []
    assert row.occurred_at.timestamp() == 1772359200


def test_without_times_the_line_number_is_the_time(spark: SparkSession) -> None:
    rows = checked_rows(spark, *[("u", "a", "4", None)] * 2, ratings={**RATINGS, "time": False})

    assert [row.occurred_at.timestamp() for row in rows] == [1, 2]


def test_equal_events_have_equal_ids(spark: SparkSession) -> None:
    rows = checked_rows(
        spark,
        ("u", "a", "4", "100"),
        ("u ", "a", "4.0", "100.0"),
        ("u", "a", "4", "101"),
        ("ua", "", "4", "100"),
    )

    ids = [row.event_id for row in rows]
    assert ids[0] == ids[1]
    assert len(set(ids)) == 3


def test_of_two_events_at_one_time_the_larger_id_is_the_newest(spark: SparkSession) -> None:
    events = [
        (event, "rate", "u", "a", rating, NOW + timedelta(hours=hour), "l", "run", None, None)
        for event, rating, hour in (("b", 1.0, 1), ("a", 5.0, 1), ("z", 3.0, 0))
    ]

    frame = spark.createDataFrame(events, SILVER_EVENTS.ddl)
    [newest] = interactions(frame, Meanings(relevant_from=4)).collect()

    assert (newest.event_id, newest.rating) == ("b", 1.0)


def test_titles_categories_and_years_are_readable(spark: SparkSession) -> None:
    sent = [
        ("1", "Matrix, The (1999)", "Action|Sci-Fi|Action", None, None),
        ("2", "City of Lost Children, The (Cité des enfants perdus, La) (1995)", "", None, None),
        ("3", "Enfer, L' (1994)", "(no genres listed)", " ", None),
        ("4", "1984", "Drama| ", "A24", "2001-05-06"),
        ("5", "Babylon 5: The River (1994\u20131998)", '["TV", "Sci-Fi"]', None, None),
        ("6", "Good, the Bad and the Ugly, The (1966)", None, None, None),
    ]
    rows = [
        (*row, "l", "i.csv", line, *[None, "run", None, None]) for line, row in enumerate(sent, 1)
    ]
    part = Items(file="i.csv", title_has_year=True, title_has_article_last=True)

    typed = items(spark.createDataFrame(rows, BRONZE_ITEMS.ddl), part).collect()

    assert [tuple(row)[:-1] for row in sorted(typed)] == [
        ("1", "The Matrix", ["Action", "Sci-Fi"], None, 1999),
        ("2", "The City of Lost Children (La Cité des enfants perdus)", [], None, 1995),
        ("3", "L'Enfer", [], None, 1994),
        ("4", "1984", ["Drama"], "A24", 2001),
        ("5", "Babylon 5: The River", ["TV", "Sci-Fi"], None, 1994),
        ("6", "The Good, the Bad and the Ugly", [], None, 1966),
    ]


def test_an_item_needs_an_id_and_texts_that_postgres_indexes(spark: SparkSession) -> None:
    sent = [
        ("", "Heat", None, None, None),
        ("1", " ", None, None, None),
        (None, None, None, None, "1,Heat,too,many"),
        ("2", "x" * 2001, None, None, None),
        ("3", "Heat", "Garden|" + "\u6f22" * 700, None, None),
        ("4", "Heat", "a|b" * 1000, None, None),
        ("5", "Heat", None, "Gar\0den", None),
        ("6" * 1025, "Heat", None, None, None),
    ]
    rows = [
        (item, title, categories, vendor, None, "l", "i.csv", line, raw, "run", None, None)
        for line, (item, title, categories, vendor, raw) in enumerate(sent, 1)
    ]

    frame = spark.createDataFrame(rows, BRONZE_ITEMS.ddl)
    section = Items(file="i.csv", categories="kinds", vendor="maker")
    rows_checked = checked(frame, product(), section, now=NOW).collect()

    assert sorted((row.source_line, row.failed_checks) for row in rows_checked) == [
        (1, ["item_missing"]),
        (2, []),
        (3, ["line_malformed"]),
        (4, ["text_too_long"]),
        (5, ["text_too_long"]),
        (6, []),
        (7, ["text_with_nul"]),
        (8, ["id_too_long"]),
    ]
