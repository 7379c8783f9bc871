"""How long old versions of a table stay readable, and whether one still is. No Spark.

A release can be rebuilt while the versions that its fit read are whole. `vacuum` removes files that
only other versions need; an erasure removes rows from every version, and says so in the log.
"""

import logging
import os
from collections.abc import Collection

import pyarrow as pa
from deltalake import CommitProperties, DeltaTable
from deltalake.exceptions import DeltaError
from deltalake.fs import DeltaStorageHandler
from pyarrow.fs import FileType, PyFileSystem

from warehouse import locks
from warehouse.append import signature
from warehouse.errors import VersionGoneError
from warehouse.query import Lake
from warehouse.run_keys import RunKey
from warehouse.tables import Table

log = logging.getLogger(__name__)

RETENTION_HOURS = 7 * 24  # of files that no kept version needs: readers of yesterday go on
ERASURE = "erase"  # the job whose commits remove people


def vacuum(
    root: str,
    table: Table,
    *,
    keep: Collection[int],
    run_key: RunKey,
    retention_hours: int = RETENTION_HOURS,
) -> int:
    """Remove files that neither the newest version, nor a kept or a recent one needs.

    Returns:
        How many files went.

    Raises:
        VersionGoneError: a version to keep cannot be read any more; nothing is removed then.
        TableBusyError: another process has been writing the table for too long.
    """
    for version in keep:
        check_whole(root, table, version)
    uri = table.uri(root)
    with locks.writer(root, table, f"{run_key}, pid {os.getpid()}"):
        removed = DeltaTable(uri).vacuum(
            retention_hours=retention_hours,
            dry_run=False,
            enforce_retention_duration=False,
            keep_versions=sorted(keep),
            commit_properties=CommitProperties(custom_metadata=signature(run_key)),
        )
    log.info("vacuumed table=%s files=%d run_key=%s", table.full_name, len(removed), run_key)
    return len(removed)


def check_whole(root: str, table: Table, version: int) -> None:
    """Return in silence if every file of the version is there, and nobody was erased since.

    Raises:
        VersionGoneError: the version cannot be had as it was; the message says why.
        TableMissingError: the table has no commit.
    """
    lake, what = Lake(root), f"{table.full_name} version {version}"
    for commit in lake.history(table, limit=None):
        if commit.version > version and commit.run_key and commit.run_key.task == ERASURE:
            raise VersionGoneError(f"{what}: people were erased since, at version {commit.version}")
    uri = table.uri(root)
    try:
        then = DeltaTable(uri, version=version)
    except DeltaError as error:
        raise VersionGoneError(f"{what}: its log is gone ({error})") from error
    paths = pa.table(then.get_add_actions(flatten=True))["path"].to_pylist()
    files = PyFileSystem(DeltaStorageHandler(then.table_uri))
    gone = [found.path for found in files.get_file_info(paths) if found.type == FileType.NotFound]
    if gone:
        raise VersionGoneError(f"{what}: {len(gone)} of its {len(paths)} files were vacuumed away")
