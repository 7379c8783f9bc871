"""A data set's way from its files to lists, in a temporary lake."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pyspark.sql import SparkSession

from jobs.engine.errors import EngineError
from jobs.runtime.errors import JobError
from tests.support.jobs import without_postgres
from warehouse.datasets import Dataset
from warehouse.delta import Warehouse
from warehouse.errors import WarehouseError
from warehouse.run_keys import RunKey

EXPECTED = (EngineError, JobError, WarehouseError)  # what jobs raise for bad data


@dataclass(frozen=True)
class Arrived:
    """A data set after all jobs: its lake, its row of gold.verdicts, the seconds of each job."""

    dataset: Dataset
    root: str
    verdict: dict[str, Any]
    seconds: dict[str, float]


@contextmanager
def from_files(
    spark: SparkSession, dataset: Dataset, inbox: Path, minutes: float
) -> Iterator[Arrived]:
    """Run all jobs on the files in the inbox, and yield the result while its lake exists."""
    with tempfile.TemporaryDirectory() as folder:
        warehouse = Warehouse(spark, f"{folder}/lake", run_key=RunKey("b", "1", "land"))
        now = datetime.now(UTC)
        ingested = without_postgres.ingest(warehouse, dataset, inbox, now=now)
        verdict, retrained = without_postgres.retrain(warehouse, dataset, minutes=minutes)
        yield Arrived(dataset, warehouse.root, verdict, ingested | retrained)
        spark.catalog.clearCache()
