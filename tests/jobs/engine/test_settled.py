"""Rows that are kept for later outlive an executor only in files."""

from collections.abc import Callable
from pathlib import Path

import pytest
from pyspark import SparkContext
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.classic import dataframe as classic

from jobs.engine.settled import settled


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The ways in which frames were kept."""
    ways: list[str] = []

    def named(way: str) -> Callable[[DataFrame], DataFrame]:
        def keep(frame: DataFrame) -> DataFrame:
            ways.append(way)
            return frame

        return keep

    for way in ("checkpoint", "localCheckpoint"):
        monkeypatch.setattr(classic.DataFrame, way, named(way))
    return ways


def test_one_machine_keeps_rows_in_its_executor(spark: SparkSession, kept: list[str]) -> None:
    frame = settled(spark.range(3).toDF("n"))
    assert kept == ["localCheckpoint"]
    assert frame.count() == 3


def test_a_session_with_a_folder_for_checkpoints_writes_them(
    spark: SparkSession, kept: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(SparkContext, "getCheckpointDir", lambda _: str(tmp_path))
    settled(spark.range(3).toDF("n"))
    assert kept == ["checkpoint"]
