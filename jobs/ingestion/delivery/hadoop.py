"""Files of any file system that Spark can read, through Hadoop's client."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from py4j.protocol import Py4JJavaError

from jobs.runtime.errors import UnreadableFileError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_LARGEST = 2**31 - 1  # bytes that Spark puts into one cell


def list_files(spark: "SparkSession", pattern: str) -> list[tuple[str, int, int]]:
    """Return path, size and modification time of each matching file, ordered by path.

    Raises:
        UnreadableFileError: the store cannot be listed, or a file is too large for Spark.
    """
    try:
        path = _path(spark, pattern)
        entries = _file_system(spark, path).globStatus(path) or ()
        files = sorted(
            (str(entry.getPath()), int(entry.getLen()), int(entry.getModificationTime()))
            for entry in entries
            if entry.isFile()
        )
    except Py4JJavaError as error:
        cause = str(error.java_exception.getMessage()).split("\n", 1)[0]
        raise UnreadableFileError(
            f"{pattern}: the files cannot be listed ({cause}). Correct `url` in the manifest, the "
            "access keys, or the names of the files: a name in a store must have no colon"
        ) from error
    for name, size, _ in files:
        if size > _LARGEST:
            raise UnreadableFileError(
                f"{name}: {size / 1e9:.1f} GB; of files at URLs at most 2 GB are read. Send it in "
                "parts, or compressed"
            )
    return files


def folders(spark: "SparkSession", parent: str) -> list[str]:
    """Return the names of the folders in a folder; none if it does not exist."""
    path = _path(spark, parent)
    file_system = _file_system(spark, path)
    if not file_system.exists(path):
        return []
    entries = file_system.listStatus(path)
    return sorted(str(entry.getPath().getName()) for entry in entries if entry.isDirectory())


def upload(spark: "SparkSession", local: Path, remote: str) -> str:
    """Copy a local file to a path that every executor can read; return that path."""
    target = _path(spark, remote)
    _file_system(spark, target).copyFromLocalFile(_path(spark, f"file://{local}"), target)
    return remote


def download(spark: "SparkSession", remote: str, folder: Path) -> None:
    """Copy a file of any file system into a local folder."""
    source = _path(spark, remote)
    _file_system(spark, source).copyToLocalFile(source, _path(spark, f"file://{folder}"))


def is_writable(spark: "SparkSession", path: str) -> bool:
    """Return whether a file can be written and is there afterwards; it is deleted again.

    Raises:
        Py4JJavaError: the file system refuses it.
    """
    target = _path(spark, path)
    file_system = _file_system(spark, target)
    file_system.create(target).close()
    exists = bool(file_system.exists(target))
    file_system.delete(target, False)  # noqa: FBT003 # Java has no keyword arguments
    return exists


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
