"""Number and size of a table's data files. No Spark."""

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable
from deltalake.fs import DeltaStorageHandler
from pyarrow.fs import FileSelector, FileType, PyFileSystem

from warehouse.tables import Table

SMALL_BYTES = 16 << 20  # a data file below this size is small
_LOG = "_delta_log/"


@dataclass(frozen=True, slots=True)
class Files:
    """Number of data files, and their size in bytes."""

    n_files: int = 0
    n_bytes: int = 0

    def __add__(self, other: "Files") -> "Files":
        """Return the sum of both."""
        return Files(self.n_files + other.n_files, self.n_bytes + other.n_bytes)


def stored(root: str, table: Table) -> Files:
    """Return all data files in the table's folder, those of old versions and orphans included."""
    files = PyFileSystem(DeltaStorageHandler(DeltaTable(table.uri(root)).table_uri))
    sizes = [
        file.size or 0
        for file in files.get_file_info(FileSelector("", recursive=True))
        if file.type == FileType.File and not file.path.startswith(_LOG)
        and file.extension == "parquet"
    ]  # fmt: skip
    return Files(len(sizes), sum(sizes))


def current(root: str, table: Table) -> Files:
    """Return the data files of the newest version, from the log alone."""
    sizes = _sizes(root, table)
    return Files(len(sizes), int(pc.sum(sizes).as_py() or 0))


def n_small(root: str, table: Table) -> int:
    """Return the number of small data files of the newest version, from the log alone."""
    return int(pc.sum(pc.less(_sizes(root, table), SMALL_BYTES)).as_py() or 0)


def _sizes(root: str, table: Table) -> pa.ChunkedArray:
    return pa.table(DeltaTable(table.uri(root)).get_add_actions(flatten=True))["size_bytes"]
