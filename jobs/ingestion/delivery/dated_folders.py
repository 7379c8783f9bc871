"""Folders of one session each, on any file system, for what it keeps until its end.

A folder is named after the start of its session, which removes it at its end. What a killed driver
left is removed by a later session: its rows name users. Object stores have no times of folders.
"""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from jobs.ingestion.delivery import hadoop

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_NAME = "%Y%m%dT%H%M%S%f"
_STALE = timedelta(days=1)


def folder(parent: str, now: datetime) -> str:
    """Return the path of the folder of a session that starts now."""
    return f"{parent.rstrip('/')}/{now:{_NAME}}"


def sweep(spark: "SparkSession", parent: str, now: datetime) -> None:
    """Remove the folders of sessions that started more than a day ago."""
    for name in hadoop.folders(spark, parent):
        started = _started(name)
        if started is not None and now - started > _STALE:
            hadoop.remove(spark, f"{parent.rstrip('/')}/{name}")


def _started(name: str) -> datetime | None:
    try:
        return datetime.strptime(name, _NAME).replace(tzinfo=UTC)
    except ValueError:
        return None
