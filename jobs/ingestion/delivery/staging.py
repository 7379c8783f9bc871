"""The folder for files that are extracted from an archive, where every executor can read them."""

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from jobs.ingestion.delivery import dated_folders, hadoop

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_STALE_S = 24 * 3600

Staging = tuple[Path, Callable[[Path], str]]


@contextmanager
def staging_folder(root: str, spark: "SparkSession | None") -> Iterator[Staging]:
    """Yield a folder for extracted files, and a function that returns a file's path for Spark."""
    if "://" not in root:
        parent = Path(root, ".landing")
        parent.mkdir(parents=True, exist_ok=True)
        _sweep(parent)
        with tempfile.TemporaryDirectory(dir=parent) as folder:
            yield Path(folder), str
        return
    with tempfile.TemporaryDirectory() as folder:
        if spark is None:
            yield Path(folder), str
            return
        of_all, now = f"{root}/.landing", datetime.now(UTC)
        dated_folders.sweep(spark, of_all, now)
        shared = dated_folders.folder(of_all, now)
        try:
            yield Path(folder), lambda path: hadoop.upload(spark, path, f"{shared}/{path.name}")
        finally:
            hadoop.remove(spark, shared)


def _sweep(folder: Path) -> None:
    """Remove files that a killed run left more than a day ago."""
    for path in folder.iterdir():
        if time.time() - path.stat().st_mtime > _STALE_S:
            shutil.rmtree(path, ignore_errors=True)
