"""Which old versions of a table stay readable. No Spark.

A release can be rebuilt while the versions that its fit read are complete. `vacuum` removes files
that only other versions need. After an erasure (`warehouse.maintenance.erasure`) the versions
before it are not kept: their files are still there until the purge, but a fit must not be repeated
on them.
"""

import logging
from collections.abc import Collection

import pyarrow as pa
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError
from deltalake.fs import DeltaStorageHandler
from pyarrow.fs import FileType, PyFileSystem

from warehouse import locks
from warehouse.creation import signed
from warehouse.errors import VersionGoneError
from warehouse.maintenance import erasure
from warehouse.run_keys import RunKey
from warehouse.tables import Table

log = logging.getLogger(__name__)

RETENTION_HOURS = 7 * 24  # minimum age of a removed file, for readers that still run


def vacuum(
    root: str,
    table: Table,
    *,
    keep: Collection[int],
    run_key: RunKey,
    retention_hours: int = RETENTION_HOURS,
) -> int:
    """Remove files that neither the newest, nor a kept, nor a recent version needs.

    Returns:
        The number of removed files.

    Raises:
        VersionGoneError: a version to keep is no longer readable; nothing was removed.
        TableBusyError: another process has been writing the table for too long.
    """
    for version in keep:
        require_complete(root, table, version)
    with locks.writer(root, table, run_key):
        removed = DeltaTable(table.uri(root)).vacuum(
            retention_hours=retention_hours,
            dry_run=False,
            enforce_retention_duration=False,
            keep_versions=sorted(keep),
            full=True,  # files of killed writes too
            commit_properties=signed(run_key),
        )
    log.info("vacuumed table=%s files=%d run_key=%s", table.full_name, len(removed), run_key)
    return len(removed)


def require_complete(root: str, table: Table, version: int) -> None:
    """Check that every file of the version exists, and that no user was erased since.

    Raises:
        VersionGoneError: the version is not readable as it was; the message says why.
        TableMissingError: the table has no commit.
    """
    label = f"{table.full_name} version {version}"
    at = erasure.first_since(root, table, version)
    if at is not None:
        raise VersionGoneError(f"{label}: users were erased since, at version {at}")
    try:
        snapshot = DeltaTable(table.uri(root), version=version)
    except DeltaError as error:
        raise VersionGoneError(f"{label}: its log was removed ({error})") from error
    paths = pa.table(snapshot.get_add_actions(flatten=True))["path"].to_pylist()
    files = PyFileSystem(DeltaStorageHandler(snapshot.table_uri))
    n_missing = sum(file.type == FileType.NotFound for file in files.get_file_info(paths))
    if n_missing:
        raise VersionGoneError(f"{label}: {n_missing} of its {len(paths)} files were vacuumed")
