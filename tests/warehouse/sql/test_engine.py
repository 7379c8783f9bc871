"""What a query returns, and the limits that it has."""

import time
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import DeltaTable

from tests.support import small_lake
from warehouse.append import append
from warehouse.errors import QueryRefusedError
from warehouse.query import Lake
from warehouse.sql.engine import MAX_COLUMNS, Limits, opened, query
from warehouse.sql.questions import QUESTIONS
from warehouse.tables import GOLD_PROFILES, SILVER_ITEMS

ENDLESS = "select count(*) from range(10000000000) a, range(1000) b where a.range % 7 = b.range"


def rows(lake: Lake, text: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = query(lake, text).to_pylist()
    return found


@pytest.mark.parametrize(
    "name", ["silver.items", '"silver.items"', "Silver.Items", '"silver.items@2"', 'silver."items"']
)
def test_a_table_is_named_with_or_without_quotes(lake: Lake, name: str) -> None:
    assert rows(lake, f"select count(*) as n from {name}") == [{"n": 4}]  # noqa: S608


def test_a_version_is_read_beside_the_newest(lake: Lake) -> None:
    added = (
        'select title from silver.items where item_id not in (select item_id from "silver.items@1")'
    )

    assert rows(lake, added) == [{"title": "Nobody's Film"}]


def test_lists_become_rows(lake: Lake) -> None:
    text = "select c, count(*) as n from silver.items, unnest(categories) as t(c) group by 1"

    assert {row["c"]: row["n"] for row in rows(lake, text)} == {
        "Drama": 2,
        "Crime": 1,
        "Western": 1,
    }


def test_a_table_is_joined_with_itself_and_with_own_names(lake: Lake) -> None:
    text = """with items as (select * from silver.items)
              select count(*) as n from items a join items b on a.item_id >= b.item_id"""

    assert rows(lake, text) == [{"n": 10}]


def test_show_tables_lists_what_exists_with_its_rows(lake: Lake) -> None:
    listed = {row["table"]: row["rows"] for row in rows(lake, "SHOW TABLES;")}

    assert listed["silver.items"] == 4
    assert "gold.purges" not in listed


def test_describe_lists_columns(lake: Lake) -> None:
    assert rows(lake, "describe silver.items")[0]["column_name"] == "item_id"


def test_a_table_that_is_older_than_a_column_has_nulls(tmp_path: Path) -> None:
    root = str(tmp_path)
    old = pa.schema([("retrain_id", pa.string()), ("user_id", pa.string())])
    DeltaTable.create(GOLD_PROFILES.uri(root), old)

    assert query(Lake(root), "select user_id, segment from gold.profiles").num_rows == 0


def test_sums_are_integers_and_times_are_in_utc(lake: Lake) -> None:
    [row] = rows(lake, "select sum(n_rows) as n, max(refined_at) as at from silver.refinements")

    assert isinstance(row["n"], int)
    assert row["at"] == small_lake.MONDAY


def test_a_sum_beyond_64_bits_stays_exact(lake: Lake) -> None:
    [row] = rows(lake, "select sum(9223372036854775807) as n from range(2)")

    assert row["n"] == 2 * 9223372036854775807


def test_further_rows_are_left_out_and_reported(lake: Lake) -> None:
    for n_rows, n_read, is_cut in ((3, 3, True), (4, 4, False), (9, 4, False)):
        with opened(lake, "from silver.items", Limits(n_rows=n_rows)) as found:
            assert found.read_all().num_rows == n_read
            assert found.is_cut is is_cut


def test_a_result_may_be_wide(lake: Lake) -> None:
    assert query(lake, f"select {', '.join(['1'] * MAX_COLUMNS)}").num_columns == MAX_COLUMNS


def test_a_large_result_is_streamed(lake: Lake) -> None:
    with opened(lake, "from range(100000000000)", Limits(memory_mb=100)) as found:
        assert next(iter(found)).num_rows > 0


@pytest.mark.parametrize("text", [ENDLESS, "from range(100000000000)"])
def test_a_query_ends_after_its_time(lake: Lake, text: str) -> None:
    begun = time.monotonic()

    with pytest.raises(QueryRefusedError, match=r"longer than 0\.2 s"):
        query(lake, text, Limits(seconds=0.2))

    assert time.monotonic() - begun < 5


def test_a_query_has_little_memory(lake: Lake) -> None:
    with pytest.raises(QueryRefusedError, match="more than 100 MB"):
        query(lake, "select list(range) from range(1000000000)", Limits(memory_mb=100))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("from silver.itms", r"Did you mean silver\.items\?"),
        ("from items", r"Did you mean bronze\.items or silver\.items\?"),
        ("from zzz", "`show tables` lists"),
        ("from gold.purges", r"gold\.purges does not exist yet"),
        ('from "silver.items@9"', "has no version 9: the newest one is 2"),
        ("from silver.items at (version => 1)", "into the quoted name"),
        ("select titel from silver.items", '"title"'),
        ("selec 1", "syntax error"),
        (f"select {', '.join(['1'] * (MAX_COLUMNS + 1))}", "has 1,001 columns, more than 1,000"),
        ("", "empty"),
        ("-- nothing", "empty"),
    ],
)
def test_an_error_says_what_to_do(lake: Lake, text: str, reason: str) -> None:
    with pytest.raises(QueryRefusedError, match=reason):
        query(lake, text)


def test_a_version_whose_files_were_deleted_says_so(tmp_path: Path) -> None:
    root = str(tmp_path)
    small_lake.write(root)
    delta = DeltaTable(SILVER_ITEMS.uri(root))
    delta.delete("item_id = 'i4'")
    delta.vacuum(retention_hours=0, enforce_retention_duration=False, dry_run=False)

    assert query(Lake(root), "from silver.items").num_rows == 3
    with pytest.raises(QueryRefusedError, match="were deleted"):
        query(Lake(root), 'from "silver.items@2"')


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.title)
def test_each_saved_question_has_an_answer(lake: Lake, question: Any) -> None:
    assert query(lake, question.sql).num_rows > 0


def test_ratings_per_genre_and_year_are_counted(lake: Lake) -> None:
    found = rows(lake, QUESTIONS[0].sql)

    assert QUESTIONS[0].title == "Ratings per genre and year"
    drama = [row for row in found if (row["category"], row["year"]) == ("Drama", 2026)]
    expected = [
        1 + (user + item) % 5
        for user in range(small_lake.N_USERS)
        for item in (2, 3)
        if (user + item) % 4 and user < 12
    ]
    assert sum(row["ratings"] for row in found if row["category"] == "Drama") == len(expected)
    assert drama[0]["mean_rating"] > 0


def test_a_row_of_another_program_is_seen(tmp_path: Path) -> None:
    root = str(tmp_path)
    small_lake.write(root)
    row = {"item_id": "i5", "title": "New", "categories": [], "released": 2026}
    append(root, SILVER_ITEMS, [row], run_key=small_lake.INGEST, write_id="third")

    assert query(Lake(root), "from silver.items").num_rows == 5
