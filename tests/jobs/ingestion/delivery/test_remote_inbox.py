"""An inbox at a URL: here of the local disk, which Spark reads in the same way as a store."""

import os
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from jobs.ingestion import sources
from jobs.runtime.errors import NothingSentError
from tests.jobs.ingestion.test_archives import from_zip, zipped
from tests.support.jobs.product import HEADER, product, send
from warehouse.datasets import Dataset

DATASET = product(items=None, users=None)


def names(dataset: Dataset, inbox: str, root: Path, spark: SparkSession) -> list[str]:
    with sources.delivered(dataset, inbox, f"file://{root}", spark) as files:
        assert all(file.path.startswith("file:") for file in files)
        return [file.name for file in files]


def test_files_are_read_where_they_are(spark: SparkSession, tmp_path: Path) -> None:
    send(tmp_path / "inbox", "ratings-1.csv", HEADER, "u,i,5,1")
    assert names(DATASET, f"file://{tmp_path}/inbox", tmp_path, spark) == ["ratings-1.csv"]
    with pytest.raises(NothingSentError, match="no file in file://"):
        names(DATASET, f"file://{tmp_path}/other", tmp_path, spark)


def test_the_newest_archive_is_copied_and_extracted_where_executors_read_it(
    spark: SparkSession, tmp_path: Path
) -> None:
    inbox, lake = tmp_path / "inbox", tmp_path / "lake"
    older = zipped(inbox / "b.zip", {"p/ratings.csv": b"older"})
    os.utime(older, (1, 1))
    zipped(inbox / "a.zip", {"p/ratings.csv": b"newer"})
    with sources.delivered(from_zip(), f"file://{inbox}", f"file://{lake}", spark) as files:
        [file] = files
        assert Path(file.path.removeprefix("file://")).read_bytes() == b"newer"
    assert [path for path in lake.rglob("*") if path.is_file()] == []


def test_what_a_killed_run_left_in_a_store_is_removed_a_day_later(
    spark: SparkSession, tmp_path: Path
) -> None:
    zipped(tmp_path / "inbox" / "a.zip")
    left = tmp_path / "lake/.landing/20200101T000000000000/ratings.csv"
    left.parent.mkdir(parents=True)
    left.write_text("of a user")
    assert names(from_zip(), f"file://{tmp_path}/inbox", tmp_path / "lake", spark)
    assert not left.exists()


@pytest.mark.parametrize(
    ("kind", "root", "inbox", "needed"),
    [
        ("inbox", "/lake", "/inbox", False),
        ("inbox", "s3a://lake", "/inbox", False),
        ("inbox", "/lake", "s3a://inbox", True),
        ("archive", "s3a://lake", "/inbox", True),
        ("archive", "/lake", "s3a://inbox", True),
    ],
)
def test_only_places_at_urls_need_spark(kind: str, root: str, inbox: str, *, needed: bool) -> None:
    dataset = product(source={"kind": kind}, items=None, users=None)
    assert sources.need_spark(dataset, root, inbox) == needed
