"""Files on whatever Spark can read, by Hadoop's own client: an object store, HDFS, a disk."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def listed(spark: "SparkSession", pattern: str) -> Iterator[tuple[str, int, int]]:
    """Yield path, size and time of change of each file that fits, by path."""
    where = _path(spark, pattern)
    entries = _system(spark, where).globStatus(where) or ()
    yield from sorted(
        (str(entry.getPath()), int(entry.getLen()), int(entry.getModificationTime()))
        for entry in entries
        if entry.isFile()
    )


def copy_in(spark: "SparkSession", here: Path, there: str) -> None:
    """Copy a local file to where every executor can read it."""
    target = _path(spark, there)
    _system(spark, target).copyFromLocalFile(_path(spark, f"file://{here}"), target)


def remove(spark: "SparkSession", folder: str) -> None:
    """Remove a folder and what it holds, if it is there."""
    target = _path(spark, folder)
    _system(spark, target).delete(target, True)  # noqa: FBT003 # Java has no names


def _path(spark: "SparkSession", path: str) -> Any:
    jvm: Any = spark.sparkContext._jvm  # noqa: SLF001 # py4j's door to the JVM
    return jvm.org.apache.hadoop.fs.Path(path)


def _system(spark: "SparkSession", path: Any) -> Any:
    java: Any = spark.sparkContext._jsc  # noqa: SLF001 # py4j's door to the JVM
    return path.getFileSystem(java.hadoopConfiguration())
