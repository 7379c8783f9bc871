"""Delete rows of users from a table, and later its old files and log. No Spark.

A deletion is one commit. Its metadata has the number of rows by digest of the user, so that a
deletion is recorded also if the run was killed after it. Until the purge, old data files have the
rows, and the log has ids: in conditions, and in the smallest and largest values of each file.

A purge removes all of this: the old data files, and the log before the version that follows the
deletion. A checkpoint takes the log's place, so marks, versions from there on and the table's
properties stay.

A purge of recent deletions also removes files that another writer has not committed yet. On a local
disk the table's lock prevents this; in an object store nothing may write meanwhile.
"""

import json
import logging
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from deltalake import CommitProperties, DeltaTable, write_deltalake
from deltalake.fs import DeltaStorageHandler
from pyarrow.fs import FileInfo, FileSelector, FileType, PyFileSystem

from warehouse import locks
from warehouse.append import Mark, append
from warehouse.creation import arrow_schema, signed
from warehouse.errors import TableMissingError
from warehouse.query import Lake, quoted
from warehouse.run_keys import RunKey
from warehouse.tables import GOLD_ERASED_ROWS, GOLD_PURGES, Table

log = logging.getLogger(__name__)

_ROWS = "erasedRows"  # name in a commit's metadata; its value: number of rows by digest, as JSON
_LOG = "_delta_log"
_VERSION = re.compile(r"\.?(\d{20})\.")  # names of log files begin with their version
# Hadoop's checksum of `_last_checkpoint`: delta-rs replaces the file, but not its checksum.
_HINT_CHECKSUM = "._last_checkpoint.crc"


@dataclass(frozen=True, slots=True)
class Deletion:
    """One commit that deleted rows of users. `n_rows` is by digest; `at` is in UTC."""

    version: int
    at: datetime
    n_rows: Mapping[str, int]


def any_of(column: str, values: Iterable[str]) -> str:
    """Return the SQL condition that a column has one of these texts."""
    literals = ", ".join(quoted(value, "'") for value in values)
    return f"{column} IN ({literals})"


def delete(
    root: str, table: Table, condition: str, n_rows: Mapping[str, int], *, run_key: RunKey
) -> bool:
    """Delete the rows that meet the condition; return False if there is none.

    `n_rows` is the number of rows by digest of their user.

    Raises:
        TableBusyError: another process has been writing the table for too long.
    """
    with locks.writer(root, table, run_key):
        commit = signed(run_key, more={_ROWS: json.dumps(n_rows)})
        delta = DeltaTable(table.uri(root))
        n_deleted = delta.delete(condition, commit_properties=commit)["num_deleted_rows"]
    if n_deleted:
        log.info("erased table=%s rows=%d run_key=%s", table.full_name, n_deleted, run_key)
    return bool(n_deleted)


def mark_former(root: str, table: Table, n_rows: Mapping[str, int], *, run_key: RunKey) -> None:
    """Commit a deletion of rows that only former versions have: the purge removes these.

    Raises:
        TableBusyError: another process has been writing the table for too long.
    """
    with locks.writer(root, table, run_key):
        _commit_nothing(root, table, signed(run_key, more={_ROWS: json.dumps(n_rows)}))
    log.info("erased former rows table=%s run_key=%s", table.full_name, run_key)


def former_values(root: str, table: Table, column: str) -> Iterator[pa.Array]:
    """Yield the texts of a column that are in old files and in the log, in batches.

    Old files are those of former versions and of killed writes. The log has the smallest and the
    largest value of each file; of a text with more than 31 characters it has only the beginning.
    """
    delta = DeltaTable(table.uri(root))
    files = PyFileSystem(DeltaStorageHandler(delta.table_uri))
    current = {*pa.table(delta.get_add_actions(flatten=True))["path"].to_pylist()}
    for file in files.get_file_info(FileSelector("", recursive=True)):
        if file.type != FileType.File or file.path in current:
            continue
        if file.path.startswith(f"{_LOG}/"):
            yield from _logged_values(files, file, column)
        elif file.extension == "parquet":
            with files.open_input_file(file.path) as opened:
                for batch in pq.ParquetFile(opened).iter_batches(columns=[column]):
                    yield batch[column]


def deletions(root: str, table: Table) -> list[Deletion]:
    """Return the deletions that the table's log still has, oldest first.

    Raises:
        TableMissingError: the table has no commit yet.
    """
    if not Lake(root).exists(table):
        raise TableMissingError(table.full_name, table.uri(root))
    commits = [entry for entry in DeltaTable(table.uri(root)).history() if _ROWS in entry]
    return [
        Deletion(
            version=entry["version"],
            at=datetime.fromtimestamp(entry["timestamp"] / 1000, UTC),
            n_rows=json.loads(entry[_ROWS]),
        )
        for entry in reversed(commits)
    ]


def record(root: str, table: Table, deletion: Deletion, *, run_key: RunKey) -> None:
    """Write the deletion to gold.erased_rows, unless it is there."""
    common = {
        "table_name": table.full_name,
        "version": deletion.version,
        "erased_at": deletion.at,
        "run_key": str(run_key),
    }
    by_digest = deletion.n_rows.items()
    rows = [common | {"user_digest": digest, "n_rows": n_rows} for digest, n_rows in by_digest]
    if rows:
        mark = Mark(f"{table.full_name} {deletion.version}")
        append(root, GOLD_ERASED_ROWS, rows, run_key=run_key, mark=mark)


def purge(root: str, table: Table, *, deleted_before: datetime, run_key: RunKey) -> int:
    """Remove all files with rows that were deleted before this time.

    If it is killed, a second run completes it: the log file of the deletion is removed last.

    Returns:
        The number of removed files, those of the log included; 0 if no such file was left.

    Raises:
        TableBusyError: another process has been writing the table for too long.
    """
    due = [deletion for deletion in deletions(root, table) if deletion.at < deleted_before]
    if not due:
        return 0
    oldest_version, age = due[-1].version + 1, datetime.now(UTC) - due[-1].at
    with locks.writer(root, table, run_key):
        data_files = DeltaTable(table.uri(root)).vacuum(
            retention_hours=int(age.total_seconds() // 3600),
            dry_run=False,
            enforce_retention_duration=False,
            full=True,  # files of killed writes too
            commit_properties=signed(run_key),
        )
        if DeltaTable(table.uri(root)).version() < oldest_version:  # there was nothing to vacuum
            _commit_nothing(root, table, signed(run_key))
        n_log_files = _purge_log(root, table, oldest_version, len(data_files), run_key)
    log.info("purged table=%s files=%d run_key=%s", table.full_name, len(data_files), run_key)
    return len(data_files) + n_log_files


def first_since(root: str, table: Table, version: int) -> int | None:
    """Return the first version after this one that lacks rows of erased users, if there is one."""
    purges = Lake(root).rows(GOLD_PURGES, equals={"table_name": table.full_name})
    versions = {row["oldest_version"] - 1 for row in purges}
    versions |= {deletion.version for deletion in deletions(root, table)}
    return min((later for later in versions if later > version), default=None)


def _commit_nothing(root: str, table: Table, commit: CommitProperties) -> None:
    """Make a new version of the table with the same rows."""
    delta, no_rows = DeltaTable(table.uri(root)), arrow_schema(table).empty_table()
    write_deltalake(delta, no_rows, mode="append", schema_mode="merge", commit_properties=commit)


def _purge_log(
    root: str, table: Table, oldest_version: int, n_data_files: int, run_key: RunKey
) -> int:
    """Replace the log before `oldest_version` by a checkpoint, and record the purge.

    Returns:
        The number of removed files.
    """
    delta = DeltaTable(table.uri(root), version=oldest_version)
    files = PyFileSystem(DeltaStorageHandler(delta.table_uri))
    names = {file.base_name for file in files.get_file_info(FileSelector(_LOG))}
    old_names = sorted(name for name in names if _version(name) < oldest_version)
    old_names.sort(key=_version)  # `<version>.json` is the last name of its version
    row = {
        "table_name": table.full_name,
        "oldest_version": oldest_version,
        "n_files": n_data_files,
        "n_log_files": len(old_names),
        "purged_at": datetime.now(UTC),
        "run_key": str(run_key),
    }
    mark = Mark(f"{table.full_name} {oldest_version}")
    append(root, GOLD_PURGES, [row], run_key=run_key, mark=mark)
    if _HINT_CHECKSUM in names:
        files.delete_file(f"{_LOG}/{_HINT_CHECKSUM}")
    delta.create_checkpoint()
    for name in old_names:
        files.delete_file(f"{_LOG}/{name}")
    return len(old_names)


def _logged_values(files: PyFileSystem, file: FileInfo, column: str) -> Iterator[pa.Array]:
    """Yield the smallest and largest values of the column in one file of the log."""
    if file.base_name.endswith(".parquet"):
        with files.open_input_file(file.path) as opened:
            checkpoint = pq.ParquetFile(opened)
            for batch in checkpoint.iter_batches(columns=["add.stats"]):
                stats = pc.struct_field(batch["add"], "stats").drop_null().to_pylist()
                yield _bounds(stats, column)
    elif file.extension == "json":
        with files.open_input_stream(file.path) as opened:
            actions = [json.loads(line) for line in opened.read().splitlines() if line]
        stats = [action["add"].get("stats") for action in actions if "add" in action]
        yield _bounds(stats, column)


def _bounds(stats: Iterable[str | None], column: str) -> pa.Array:
    """Return the smallest and largest texts of the column in the statistics of files, as JSON."""
    stats_of_files = [json.loads(text) for text in stats if text]
    values = [
        stats_of_file.get(bound, {}).get(column)
        for stats_of_file in stats_of_files
        for bound in ("minValues", "maxValues")
    ]
    return pa.array([value for value in values if isinstance(value, str)], pa.string())


def _version(name: str) -> float:
    """Return the version in the name of a log file; infinite if it has none."""
    match = _VERSION.match(name)
    return int(match[1]) if match else float("inf")
