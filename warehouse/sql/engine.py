"""Read-only SQL over the tables of a data set: DuckDB over delta-rs, without Spark.

    with opened(Lake("var/lake/shop"), "select kind, count(*) from silver.events group by 1") as r:
        for batch in r: ...

DuckDB reads the tables as Arrow datasets, so it scans only the columns and row groups that a query
needs. It gets no file, setting, extension or variable, and it cannot write: see `statements`. It
shares this process; `isolated` runs it in another one.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import duckdb
import pyarrow as pa

from warehouse.errors import QueryRefusedError, TableMissingError, VersionGoneError
from warehouse.query import Lake
from warehouse.sql import refusals, statements
from warehouse.sql.names import NamedTable
from warehouse.tables import TABLES

BATCH_ROWS = 8192
MAX_COLUMNS = 1000  # of a result: pages and files handle each column on its own
_SHOWN_TABLES = "tables"
_SUM_OF_INTEGERS = pa.decimal128(38, 0)  # DuckDB adds integers up in 128 bits
# In this order: the last line locks the others.
_LOCK = """
SET TimeZone = 'UTC';
SET max_execution_time = {milliseconds};
SET python_enable_replacements = false;
SET python_scan_all_frames = false;
SET enable_external_access = false;
SET lock_configuration = true;
"""


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of a query: wall time, DuckDB's memory, and rows of the result (None: all)."""

    seconds: float = 60
    memory_mb: int = 2048
    n_rows: int | None = None


DEFAULT_LIMITS = Limits()


class Rows:
    """The rows of a result as record batches, which can be read once.

    `is_cut` says, after the last batch, whether the limit left rows out.
    """

    def __init__(self, reader: pa.RecordBatchReader, limits: Limits = DEFAULT_LIMITS) -> None:
        self.schema: pa.Schema = reader.schema
        self.is_cut = False
        self._reader, self._limits = reader, limits

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        """Yield batches.

        Raises:
            QueryRefusedError: the query failed, or reached a limit of time or memory.
        """
        n_left = self._limits.n_rows
        while (batch := self._next()) is not None:
            if n_left is not None and batch.num_rows > n_left:
                self.is_cut = True
                if n_left:
                    yield batch.slice(0, n_left)
                return
            n_left = None if n_left is None else n_left - batch.num_rows
            if batch.num_rows:
                yield batch

    def read_all(self) -> pa.Table:
        """Return the rows as one table."""
        return self.as_table(list(self))

    def as_table(self, batches: Sequence[pa.RecordBatch]) -> pa.Table:
        """Return batches as one table. Sums of integers are 64-bit integers if they fit."""
        table = pa.Table.from_batches(batches, self.schema)
        for position, field in enumerate(table.schema):
            if field.type == _SUM_OF_INTEGERS:
                with suppress(pa.ArrowInvalid):  # a sum is too large: all stay decimals
                    column = table.column(position).cast(pa.int64())
                    table = table.set_column(position, field.with_type(pa.int64()), column)
        return table

    def _next(self) -> pa.RecordBatch | None:
        with _refusals(self._limits):
            try:
                return self._reader.read_next_batch()
            except StopIteration:
                return None


def query(lake: Lake, text: str, limits: Limits = DEFAULT_LIMITS) -> pa.Table:
    """Return the result of a query as an Arrow table; `.to_pandas()` makes a data frame of it.

    Raises:
        QueryRefusedError: the query is no SELECT over tables of the lake, failed, or reached a
            limit. The message says what to do.
    """
    with opened(lake, text, limits) as rows:
        return rows.read_all()


@contextmanager
def opened(lake: Lake, text: str, limits: Limits = DEFAULT_LIMITS) -> Iterator[Rows]:
    """Run a query, and yield its rows while the block runs.

    Raises:
        QueryRefusedError: as `query` does; also while the rows are read.
    """
    with duckdb.connect(":memory:", config=_config(limits)) as connection:
        with _refusals(limits):
            select = statements.parse(connection, text)
            if select.shows_tables:
                connection.register(_SHOWN_TABLES, _listing(lake))
            for named in sorted(select.tables, key=lambda named: named.text):
                _register(connection, lake, named)
            connection.execute(_LOCK.format(milliseconds=round(limits.seconds * 1000)))
            statement = f"from {_SHOWN_TABLES}" if select.shows_tables else select.text
            relation = connection.sql(statement)
            _check_width(len(relation.columns))
            reader = relation.to_arrow_reader(BATCH_ROWS)
        try:
            yield Rows(reader, limits)
        finally:
            reader.close()


def _check_width(n_columns: int) -> None:
    if n_columns > MAX_COLUMNS:
        raise QueryRefusedError(
            f"the result has {n_columns:,} columns, more than {MAX_COLUMNS:,}. Name the ones that "
            "you need"
        )


def _config(limits: Limits) -> dict[str, str | bool | int | float | list[str]]:
    return {
        "memory_limit": f"{limits.memory_mb}MiB",
        "max_temp_directory_size": "0B",
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "allow_community_extensions": False,
        "allow_persistent_secrets": False,
    }


def _register(connection: duckdb.DuckDBPyConnection, lake: Lake, named: NamedTable) -> None:
    """Make views of a table: `"silver.items"`, and `silver.items` or `silver."items@12"`."""
    try:
        dataset = lake.dataset(named.table, named.version)
    except TableMissingError as error:
        raise QueryRefusedError(
            f"{named.table.full_name} does not exist yet: the job that writes it has not run"
        ) from error
    except VersionGoneError as error:
        raise QueryRefusedError(str(error)) from error
    connection.register(named.text, dataset)
    layer, name = named.text.split(".")
    connection.execute(
        f'create schema if not exists {layer}; create view {layer}."{name}" as from "{named.text}"'
    )


def _listing(lake: Lake) -> pa.Table:
    """Return the tables that have a commit: name, rows of the newest version, description."""
    written = [table for table in TABLES if lake.exists(table)]
    return pa.table(
        {
            "table": pa.array([table.full_name for table in written], pa.string()),
            "rows": pa.array([lake.n_rows(table) for table in written], pa.int64()),
            "description": pa.array([table.doc for table in written], pa.string()),
        }
    )


@contextmanager
def _refusals(limits: Limits) -> Iterator[None]:
    """Turn an error of DuckDB, or of Arrow while it reads a result, into a QueryRefusedError."""
    try:
        yield
    except (duckdb.Error, pa.ArrowException, OSError, MemoryError) as error:
        raise refusals.of(error, seconds=limits.seconds, memory_mb=limits.memory_mb) from error
