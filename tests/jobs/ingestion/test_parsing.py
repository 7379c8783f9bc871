import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyspark.sql import SparkSession

from jobs.ingestion.parsing import bronze_rows, errors_as_sentences
from jobs.ingestion.sources import SentFile, Target
from jobs.runtime.errors import UnreadableFileError
from warehouse.manifests.sources import Items, Ratings
from warehouse.tables import BRONZE_ITEMS, BRONZE_RATINGS

COMMA = Ratings(file="r.csv")
COLONS = Items(
    file="i.dat",
    separator="::",
    header=False,
    quote="",
    encoding="iso-8859-1",
    fields=("item", "title", "kinds"),
    categories="kinds",
)


def landed(spark: SparkSession, section: Ratings | Items, *paths: Path) -> tuple[list[Any], int]:
    """Return the rows that the files have in bronze, and their number."""
    is_items = isinstance(section, Items)
    table = BRONZE_ITEMS if is_items else BRONZE_RATINGS
    target: Target = "items" if is_items else "ratings"
    files = [
        SentFile(target, path.name, str(path), path.name.ljust(16, "x"), section) for path in paths
    ]
    frame = bronze_rows(spark, table, files, run_key="run")
    rows = sorted(frame.collect(), key=lambda row: (row["source_file"], row["source_line"]))
    return rows, len(rows)


def write(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


@pytest.fixture
def small_blocks(spark: SparkSession) -> Iterator[None]:
    """Read files in blocks of a few lines, as Spark does with large files."""
    name = "spark.sql.files.maxPartitionBytes"
    before = spark.conf.get(name)
    spark.conf.set(name, "64")
    yield
    spark.conf.set(name, str(before))


def test_a_malformed_line_lands_as_raw_with_its_line_number(
    spark: SparkSession, tmp_path: Path
) -> None:
    content = (
        b"\xef\xbb\xbfuser,item,value,time\r\n"
        b'u1,"a ""b"", c",4,100\r\n'
        b"u2,short\r\n"
        b"\r\n"
        b"u3,a,4,100,long\r\n"
        b"u4,caf\xff,4,100\r\n"
        b"u5,caf\xc3\xa9,4.0,\n"
    )

    rows, n_rows = landed(spark, COMMA, write(tmp_path / "r.csv", content))

    assert [(r.source_line, r.user_id, r.item_id, r.rating, r.rated_at) for r in rows] == [
        (2, "u1", 'a "b", c', "4", "100"),
        (3, None, None, None, None),
        (5, None, None, None, None),
        (6, None, None, None, None),
        (7, "u5", "café", "4.0", None),
    ]
    assert [r.raw for r in rows] == [
        None,
        "u2,short",
        "u3,a,4,100,long",
        "u4,caf\ufffd,4,100",
        None,
    ]
    assert n_rows == 5


def test_long_separators_and_latin_1_are_read(spark: SparkSession, tmp_path: Path) -> None:
    content = '1::Fantômas: "À" l\'ombre::Crime|Drama\n2::no kinds\n'.encode("iso-8859-1")

    rows, _ = landed(spark, COLONS, write(tmp_path / "i.dat", content))

    assert [(r.item_id, r.title, r.categories, r.vendor, r.raw) for r in rows] == [
        ("1", 'Fantômas: "À" l\'ombre', "Crime|Drama", None, None),
        (None, None, None, None, "2::no kinds"),
    ]


@pytest.mark.usefixtures("small_blocks")
def test_line_numbers_continue_across_blocks(spark: SparkSession, tmp_path: Path) -> None:
    first = [f"u{n},item-{n},4,{n}" if n % 5 else "" for n in range(2, 60)]
    second = [f"v{n},item-{n},3,{n}" for n in range(2, 40)]
    header = "user,item,value,time"
    paths = [
        write(tmp_path / name, "\n".join([header, *lines]).encode())
        for name, lines in (("a [1] é%20.csv", first), ("b.csv", second))
    ]

    rows, n_rows = landed(spark, COMMA, *paths)

    assert n_rows == len(rows) == sum(bool(line) for line in first + second)
    assert all(row.rated_at == str(row.source_line) for row in rows)
    assert {row.source_file for row in rows} == {path.name for path in paths}


def test_columns_may_have_another_order(spark: SparkSession, tmp_path: Path) -> None:
    usual = write(tmp_path / "a.csv", b"user,item,value,time\nu,i,4,1\n")
    other = write(tmp_path / "b.csv", b"time,note,value,item,user\n1,hello,4,i,u\n")

    rows, _ = landed(spark, COMMA, usual, other)

    assert [(r.user_id, r.item_id, r.rating, r.rated_at) for r in rows] == [
        ("u", "i", "4", "1")
    ] * 2


def test_json_lines_land_as_text(spark: SparkSession, tmp_path: Path) -> None:
    section = Items(file="i.jsonl", format="jsonl", categories="kinds", released="year")
    content = (
        b'{"item": 7, "title": "Heat", "kinds": ["a", "b"], "year": 1995}\nnot json\n[1]\n{}\n'
    )

    rows, n_rows = landed(spark, section, write(tmp_path / "i.jsonl", content))

    assert [(r.item_id, r.title, r.categories, r.released, r.raw) for r in rows] == [
        ("7", "Heat", '["a","b"]', "1995", None),
        (None, None, None, None, "not json"),
        (None, None, None, None, "[1]"),
        (None, None, None, None, None),
    ]
    assert n_rows == 4


def test_parquet_lands_as_text_with_row_numbers(spark: SparkSession, tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    section = Items(file="i.parquet", format="parquet", categories="kinds")
    path = tmp_path / "i.parquet"
    pq.write_table(
        pa.table({"item": [7, 10**12], "title": ["Heat", None], "kinds": [["a"], []]}), path
    )

    rows, n_rows = landed(spark, section, path)

    assert [(r.source_line, r.item_id, r.title, r.categories) for r in rows] == [
        (1, "7", "Heat", '["a"]'),
        (2, "1000000000000", None, "[]"),
    ]
    assert n_rows == 2


def test_a_worker_that_crashes_is_a_sentence(spark: SparkSession) -> None:
    """Arrow ends the process when it lacks memory in some places."""

    def crash(_: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        os.abort()
        yield

    frame = spark.range(1).mapInArrow(crash, "id long")
    with (
        pytest.raises(UnreadableFileError, match=r"crashed: it is damaged, or needs too much"),
        errors_as_sentences(),
    ):
        frame.collect()
