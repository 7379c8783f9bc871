"""Replace many small data files of a table by few large ones. No Spark.

Compaction is one Delta commit that changes no row. Readers keep the version that they opened: the
small files stay until `warehouse.maintenance.retention` removes them. A table with few small files
is left as it is, so a second run changes nothing.
"""

import logging

from deltalake import DeltaTable
from deltalake.exceptions import CommitFailedError

from warehouse import locks
from warehouse.creation import signed
from warehouse.errors import TableBusyError
from warehouse.maintenance import files
from warehouse.run_keys import RunKey
from warehouse.tables import Table

log = logging.getLogger(__name__)

MIN_SMALL_FILES = 50  # from which a table is compacted
TARGET_BYTES = 64 << 20  # size of a new file


def is_due(root: str, table: Table, *, min_files: int = MIN_SMALL_FILES) -> bool:
    """Return whether the table has so many small files that it is compacted."""
    return files.n_small(root, table) >= min_files


def compact(root: str, table: Table, *, run_key: RunKey, min_files: int = MIN_SMALL_FILES) -> int:
    """Compact the table if it has many small files; return the number of replaced files.

    A table that another process writes is left for the next run.
    """
    if not is_due(root, table, min_files=min_files):
        return 0
    try:
        with locks.writer(root, table, run_key):
            metrics = DeltaTable(table.uri(root)).optimize.compact(
                target_size=TARGET_BYTES,
                max_concurrent_tasks=1,
                commit_properties=signed(run_key, "compact"),
            )
    except (TableBusyError, CommitFailedError) as error:
        log.warning("%s: not compacted, left for the next run: %s", table.full_name, error)
        return 0
    n_replaced = int(metrics["numFilesRemoved"])
    log.info("compacted table=%s files=%d run_key=%s", table.full_name, n_replaced, run_key)
    return n_replaced
