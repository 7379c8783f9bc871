"""Files of any file system that Spark can read, through Hadoop's client."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def list_files(spark: "SparkSession", pattern: str) -> Iterator[tuple[str, int, int]]:
    """Yield path, size and modification time of each matching file, ordered by path."""
    path = _path(spark, pattern)
    entries = _file_system(spark, path).globStatus(path) or ()
    yield from sorted(
        (str(entry.getPath()), int(entry.getLen()), int(entry.getModificationTime()))
        for entry in entries
        if entry.isFile()
    )


def upload(spark: "SparkSession", local: Path, remote: str) -> str:
    """Copy a local file to a path that every executor can read; return that path."""
    target = _path(spark, remote)
    _file_system(spark, target).copyFromLocalFile(_path(spark, f"file://{local}"), target)
    return remote


def remove(spark: "SparkSession", folder: str) -> None:
    """Remove a folder with its content, if it exists."""
    target = _path(spark, folder)
    _file_system(spark, target).delete(target, True)  # noqa: FBT003 # Java has no keyword arguments


def _path(spark: "SparkSession", path: str) -> Any:
    jvm: Any = spark.sparkContext._jvm  # noqa: SLF001 # py4j has no public name for the JVM
    return jvm.org.apache.hadoop.fs.Path(path)


def _file_system(spark: "SparkSession", path: Any) -> Any:
    context: Any = spark.sparkContext._jsc  # noqa: SLF001 # py4j has no public name for the JVM
    return path.getFileSystem(context.hadoopConfiguration())
