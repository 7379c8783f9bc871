"""The archive of an inbox at a URL, copied to this machine: archives are extracted by Python."""

from pathlib import Path
from typing import TYPE_CHECKING

from jobs.ingestion.delivery import extraction, hadoop
from warehouse.datasets import Dataset

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def on_this_machine(
    dataset: Dataset, inbox: str, staging: Path, spark: "SparkSession | None"
) -> Path:
    """Return the inbox, or for one at a URL a folder of `staging` with a copy of its archive.

    The archive is the one with the publisher's name, else the newest. Without `spark` none is
    copied.
    """
    if "://" not in inbox:
        return Path(inbox)
    folder = staging / ".inbox"
    folder.mkdir()
    if spark is not None and (archive := _archive(dataset, inbox, spark)):
        hadoop.download(spark, archive, folder)
    return folder


def _archive(dataset: Dataset, inbox: str, spark: "SparkSession") -> str | None:
    published = str(dataset.source.url).rsplit("/", 1)[-1]
    archives = [
        (path.endswith(f"/{published}"), changed_at, path)
        for path, _, changed_at in hadoop.list_files(spark, f"{inbox}/*")
        if path.lower().endswith(extraction.SUFFIXES)
    ]
    return max(archives)[-1] if archives else None
