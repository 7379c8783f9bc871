"""Small appends to the lake without Spark, in about a second: verdicts, nominations, feedback.

Every commit leaves a mark in the table's log, as a Delta application transaction. The mark is read
under the table's lock, so no write is repeated. An object store has no lock: there Delta rejects
the second of two commits with the same mark.
"""

import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from deltalake import DeltaTable, Transaction, WriterProperties, write_deltalake
from deltalake.exceptions import CommitFailedError, DeltaError

from faults import faultpoint
from warehouse import creation, locks
from warehouse.errors import SchemaMismatchError, StorageError
from warehouse.run_keys import RunKey
from warehouse.tables import Table

log = logging.getLogger(__name__)

# Spark reads a large file with a task per group of rows.
_ROWS_PER_GROUP = 250_000
_FILES = WriterProperties(compression="SNAPPY", max_row_group_size=_ROWS_PER_GROUP)
# of the messages of delta-rs, which has one type for all errors
_OF_STORAGE = re.compile(r"os error|Generic (LocalFileSystem|S3|GCS|MicrosoftAzure|HTTP) error")


@dataclass(frozen=True, slots=True)
class Mark:
    """A name and a version that a commit leaves in the table's log.

    Compare-and-set: the commit succeeds only if the table's last mark of the name equals `after`.
    """

    name: str
    version: int = 1
    after: int | None = None


def append(
    root: str,
    table: Table,
    rows: Sequence[dict[str, Any]] | pa.Table,
    *,
    run_key: RunKey,
    write_id: str = "",
    mark: Mark | Sequence[Mark] | None = None,
) -> bool:
    """Add the rows to the table in one commit with the run key; create the table if needed.

    A run that writes a table more than once gives each write a `write_id`. A `mark`, or several,
    replace the run key as the identity of the write: no run writes the same marks twice.

    Returns:
        False if the table's log has one of the marks already; then nothing was written.

    Raises:
        SchemaMismatchError: a row lacks a column that is never null, has an extra one, or a value
            of another type.
        TableBusyError: another process has been writing the table for too long.
        StorageError: the storage does not take the rows; the table is as it was.
    """
    uri = table.uri(root)
    data = _typed(table, rows)
    with locks.writer(root, table, run_key):
        creation.create(root, table, run_key)
        delta = DeltaTable(uri)
        marks = [mark] if isinstance(mark, Mark) else [*(mark or ())]
        if not _commit(delta, data, marks or [Mark(f"{run_key}#{write_id}")], run_key):
            log.info("skipped table=%s run_key=%s", table.full_name, run_key)
            return False
    log.info("wrote table=%s rows=%d run_key=%s", table.full_name, data.num_rows, run_key)
    return True


def _commit(delta: DeltaTable, data: pa.Table, marks: Sequence[Mark], run_key: RunKey) -> bool:
    """Commit the rows and return True, unless the log's last mark of a name is not its `after`."""
    if not _follow(delta, marks):
        return False
    transactions = [Transaction(mark.name, mark.version) for mark in marks]
    commit = creation.signed(run_key, app_transactions=transactions)
    faultpoint("append.before_commit")
    try:
        write_deltalake(
            delta,
            data,
            mode="append",
            schema_mode="merge",  # the table may be older than a column
            writer_properties=_FILES,
            commit_properties=commit,
        )
    except CommitFailedError:
        delta.update_incremental()
        if _follow(delta, marks):
            raise
        return False  # another process committed the mark meanwhile
    except (DeltaError, OSError) as error:
        if not _OF_STORAGE.search(str(error)):
            raise
        raise StorageError(
            f"{delta.table_uri.rstrip('/')} cannot be written: {error}. Make room, or correct the "
            "permissions, and run the job again"
        ) from error
    faultpoint("append.after_commit")
    return True


def _follow(delta: DeltaTable, marks: Sequence[Mark]) -> bool:
    """Return whether each mark comes after the last one of its name in the table's log."""
    return all(delta.transaction_version(mark.name) == mark.after for mark in marks)


def _typed(table: Table, rows: Sequence[dict[str, Any]] | pa.Table) -> pa.Table:
    schema = creation.arrow_schema(table)
    try:
        if isinstance(rows, pa.Table):
            return rows.select(schema.names).cast(schema)
        required = {column.name for column in table.columns if not column.nullable}
        for row in rows:
            if not required <= set(row) <= set(schema.names):
                raise SchemaMismatchError(
                    f"{table.full_name}: a row has {sorted(row)}, not {sorted(schema.names)}"
                )
        return pa.Table.from_pylist(list(rows), schema=schema)
    except (pa.ArrowInvalid, pa.ArrowTypeError, KeyError, ValueError) as error:
        raise SchemaMismatchError(f"{table.full_name}: {error}") from error
