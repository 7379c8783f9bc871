import gzip
import logging
import zipfile
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from jobs import land
from jobs.ingestion import sources
from jobs.ingestion.parsing import bronze_rows
from jobs.ingestion.sources import SentFile
from jobs.runtime.errors import EmptyFileError, HeaderError, UnreadableFileError
from tests.support.jobs.product import HEADER, contents, kill, product, rows_of, send
from tests.support.runs import under
from warehouse.delta import Warehouse
from warehouse.tables import (
    BRONZE_EVENTS,
    BRONZE_ITEMS,
    BRONZE_LANDINGS,
    BRONZE_RATINGS,
    BRONZE_USERS,
)

ONLY_RATINGS = product(items=None, users=None)


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    return tmp_path / "inbox"


def test_rows_land_once_and_unchanged(warehouse: Warehouse, inbox: Path) -> None:
    send(inbox, "ratings.csv", HEADER, "u,a,4,100", "u,b,lots", "v,a,9.5,1")
    send(inbox, "items.csv", "item,title,kinds", '7,"Heat, again",Crime|Drama')
    send(inbox, "users.csv", "user,age", "u,33")

    assert land.run(warehouse, product(), inbox) == 5
    assert land.run(under(warehouse, "dag/other/land"), product(), inbox) == 0

    assert rows_of(warehouse, BRONZE_RATINGS, "source_file", "source_line", "rating", "raw") == [
        ("ratings.csv", 2, "4", None),
        ("ratings.csv", 3, None, "u,b,lots"),
        ("ratings.csv", 4, "9.5", None),
    ]
    assert rows_of(warehouse, BRONZE_ITEMS, "item_id", "title", "categories", "run_key") == [
        ("7", "Heat, again", "Crime|Drama", "dag/run/test")
    ]
    assert rows_of(warehouse, BRONZE_USERS, "user_id", "attributes") == [("u", {"age": "33"})]
    assert rows_of(warehouse, BRONZE_LANDINGS, "target", "source_file", "n_rows") == [
        ("items", "items.csv", 1),
        ("ratings", "ratings.csv", 3),
        ("users", "users.csv", 1),
    ]


def test_a_later_file_lands_alone_even_under_the_same_run_key(
    warehouse: Warehouse, inbox: Path
) -> None:
    send(inbox, "ratings-1.csv", HEADER, "u,a,4,100")
    land.run(warehouse, ONLY_RATINGS, inbox)
    send(inbox, "ratings-2.csv", HEADER, "u,b,4,100")
    send(inbox, "ratings-copy.csv", HEADER, "u,a,4,100")

    land.run(warehouse, ONLY_RATINGS, inbox)

    assert rows_of(warehouse, BRONZE_RATINGS, "source_file", "item_id") == [
        ("ratings-1.csv", "a"),
        ("ratings-2.csv", "b"),
    ]


def test_a_run_killed_before_it_recorded_its_landings_can_be_repeated(
    warehouse: Warehouse, inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(inbox, "ratings.csv", HEADER, "u,a,4,100", "v,b,3,100")
    with monkeypatch.context() as killing:
        killing.setattr(land, "_record", kill)
        with pytest.raises(KeyboardInterrupt):
            land.run(warehouse, ONLY_RATINGS, inbox)

    land.run(under(warehouse, "dag/other/land"), ONLY_RATINGS, inbox)

    landed = contents(warehouse, BRONZE_RATINGS, BRONZE_LANDINGS)
    assert len(landed["bronze.ratings"]) == 2
    assert [row[4] for row in landed["bronze.landings"]] == [2]


@pytest.mark.parametrize(
    ("header", "row", "reason"),
    [
        ("user,item,score,at", "u,a,4,1", "no column `stars`; .* does not name `score`"),
        (
            "user,item,stars",
            "u,a,4",
            "no column `at`; the file has `user`, `item`, `stars`. Correct",
        ),
        (HEADER, "u,a,good,1", "`stars` has no numbers"),
        (HEADER, "u,a,4,yesterday", "`at` has no times"),
    ],
)
def test_a_renamed_missing_or_retyped_column_is_rejected_before_any_write(
    warehouse: Warehouse, inbox: Path, header: str, row: str, reason: str
) -> None:
    send(inbox, "ratings.csv", header, *[row] * 12)
    send(inbox, "items.csv", "item,title,kinds", "a,A,")

    with pytest.raises(HeaderError, match=reason):
        land.run(warehouse, product(users=None), inbox)

    assert not warehouse.exists(BRONZE_ITEMS)
    assert not warehouse.exists(BRONZE_RATINGS)


def test_an_extra_column_is_logged_and_ignored(
    warehouse: Warehouse, inbox: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    file = send(inbox, "ratings.csv", "price,at,stars,item,user", "9.99,100,4,a,u")
    assert ONLY_RATINGS.ratings is not None
    sent = SentFile("ratings", file.name, str(file), "0" * 64, ONLY_RATINGS.ratings)

    land.require_headers(warehouse.spark, ONLY_RATINGS, [sent])

    assert "ratings.csv: columns not in the manifest, ignored: price" in caplog.text


def test_files_that_no_section_names_are_logged(
    warehouse: Warehouse, inbox: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    send(inbox, "ratings.csv", HEADER, "u,a,4,100")
    send(inbox, "more.csv", HEADER, "u,b,4,100")
    assert land.run(warehouse, ONLY_RATINGS, inbox) == 1
    assert "not read: more.csv" in caplog.text


@pytest.mark.parametrize("lines", [[""], [HEADER], [HEADER, "", ""]])
def test_a_file_without_rows_stops_the_run(
    warehouse: Warehouse, inbox: Path, lines: list[str]
) -> None:
    send(inbox, "ratings.csv", *lines)

    with pytest.raises((EmptyFileError, HeaderError), match=r"ratings\.csv"):
        land.run(warehouse, ONLY_RATINGS, inbox)
    assert not warehouse.exists(BRONZE_RATINGS)


def test_files_of_an_object_store_are_listed_and_read_by_spark(
    spark: SparkSession, tmp_path: Path
) -> None:
    folder = tmp_path / "store"
    send(folder, "ratings 1.csv", HEADER, "u,a,4,100")
    dataset = product(source={"kind": "folder", "url": f"file://{folder}"}, items=None, users=None)

    with sources.delivered(dataset, tmp_path, str(tmp_path), spark) as [file]:
        land.require_headers(spark, dataset, [file])
        rows = bronze_rows(spark, BRONZE_RATINGS, [file], run_key="run")

        assert not file.is_local
        assert [tuple(row) for row in rows.select("source_file", "item_id").collect()] == [
            ("ratings 1.csv", "a")
        ]


def test_a_store_that_cannot_be_listed_is_a_sentence(spark: SparkSession, tmp_path: Path) -> None:
    source = {"kind": "folder", "url": "nosuch://bucket/shop"}

    with (
        pytest.raises(UnreadableFileError, match=r"nosuch://.*: the files cannot be listed \("),
        sources.delivered(product(source=source), tmp_path, str(tmp_path), spark),
    ):
        pass


def test_an_archive_is_staged_where_every_executor_reads_it(
    spark: SparkSession, inbox: Path, tmp_path: Path
) -> None:
    inbox.mkdir()
    with zipfile.ZipFile(inbox / "p.zip", "w") as archive:
        archive.writestr("ratings.csv", f"{HEADER}\nu,a,4,100\n")
    ratings = {**ONLY_RATINGS.model_dump()["ratings"], "file": "ratings.csv"}
    dataset = product(source={"kind": "archive"}, ratings=ratings, items=None, users=None)
    lake = tmp_path / "lake"

    with sources.delivered(dataset, inbox, f"file://{lake}", spark) as [file]:
        assert file.path.startswith(f"file://{lake}/.landing/")
        assert len(list(lake.rglob("*.csv"))) == 1
    assert not list(lake.rglob("*.csv"))


def test_several_entries_of_events_land_in_one_table(warehouse: Warehouse, inbox: Path) -> None:
    send(inbox, "all.csv", "user,item,at,bought", "u,a,100,b", "v,b,100,a")
    send(inbox, "plays.jsonl", '{"user": {"id": 7}, "item": "a", "n": 3}', "not json")
    views = {"file": "all.csv", "kind": "view", "time": "at"}
    plays = {"file": "*.jsonl", "format": "jsonl", "user": "user.id", "time": False, "value": "n"}
    shop = product(
        ratings=None,
        items=None,
        users=None,
        events=[views, {**views, "kind": "buy", "item": "bought"}, {**plays, "kind": "play"}],
        kinds={"view": {}, "buy": {}, "play": {}},
    )

    assert land.run(warehouse, shop, inbox) == 6
    assert land.run(under(warehouse, "dag/other/land"), shop, inbox) == 0

    columns = ("section", "source_line", "user_id", "item_id", "value", "occurred_at", "raw")
    assert rows_of(warehouse, BRONZE_EVENTS, *columns) == [
        ("*.jsonl", 1, "7", "a", "3", None, None),
        ("*.jsonl", 2, None, None, None, None, "not json"),
        ("all.csv#2", 2, "u", "b", None, "100", None),
        ("all.csv#2", 3, "v", "a", None, "100", None),
        ("all.csv", 2, "u", "a", None, "100", None),
        ("all.csv", 3, "v", "b", None, "100", None),
    ]
    assert rows_of(warehouse, BRONZE_LANDINGS, "section", "n_rows") == [
        ("*.jsonl", 2),
        ("all.csv#2", 2),
        ("all.csv", 2),
    ]


def test_a_file_that_breaks_off_is_a_sentence_and_nothing_lands(
    warehouse: Warehouse, inbox: Path
) -> None:
    rows = "\n".join(f"u{n},{hash(str(n))},4,{n}" for n in range(50_000))
    inbox.mkdir()
    content = gzip.compress(f"{HEADER}\n{rows}".encode())
    (inbox / "ratings.csv.gz").write_bytes(content[: len(content) // 2])
    ratings = {**ONLY_RATINGS.model_dump()["ratings"], "file": "ratings.csv.gz"}
    dataset = product(ratings=ratings, items=None, users=None)

    with pytest.raises(UnreadableFileError, match=r"ratings\.csv\.gz: .*cut short") as error:
        land.run(warehouse, dataset, inbox)

    assert "\n" not in str(error.value)
    assert not rows_of(warehouse, BRONZE_RATINGS)
    assert not warehouse.exists(BRONZE_LANDINGS)


def test_one_member_of_an_archive_lands_as_items_and_as_ratings(
    warehouse: Warehouse, inbox: Path
) -> None:
    inbox.mkdir()
    with zipfile.ZipFile(inbox / "p.zip", "w") as archive:
        archive.writestr("all.csv", "user,item,value,time,title\nu,a,4,100,Heat\n")
    dataset = product(
        source={"kind": "archive"},
        ratings={"file": "all.csv"},
        items={"file": "all.csv"},
        users=None,
    )

    assert land.run(warehouse, dataset, inbox) == 2
    assert rows_of(warehouse, BRONZE_ITEMS, "item_id", "title") == [("a", "Heat")]
    assert rows_of(warehouse, BRONZE_RATINGS, "item_id", "rating") == [("a", "4")]


def test_small_files_land_without_spark_as_they_do_with_it(
    warehouse: Warehouse, inbox: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(inbox, "ratings.csv", HEADER, "u,a,4,100", "u,b,lots", "v,a,9.5,1")
    send(inbox, "items.csv", "item,title,kinds", '7,"Heat, again",Crime|Drama')
    send(inbox, "users.csv", "user,age", "u,33", "v,")
    tables = (BRONZE_RATINGS, BRONZE_ITEMS, BRONZE_USERS, BRONZE_LANDINGS)

    def starts() -> SparkSession:
        raise AssertionError

    small = Warehouse(starts, str(tmp_path / "small"), run_key=warehouse.run_key)
    assert land.run(small, product(), inbox) == 6

    monkeypatch.setattr(land, "_SMALL_BYTES", 0)
    assert land.run(warehouse, product(), inbox) == 6
    assert contents(small, *tables) == contents(warehouse, *tables)
