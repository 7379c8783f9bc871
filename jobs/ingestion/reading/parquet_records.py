"""Read Parquet, as pandas, Spark and Arrow write it."""

import re
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from jobs.ingestion.reading import compression, parquet_footers
from jobs.ingestion.reading.column_texts import texts
from jobs.ingestion.reading.parquet_sizes import (
    NUMBER_BYTES,
    Sizes,
    long_texts,
    longest_average,
    parts,
    row_sizes,
    text_paths,
)
from jobs.ingestion.reading.reader import BATCH_ROWS, TEXT, FileReader, whole_batch
from jobs.runtime.errors import UnreadableFileError
from warehouse.manifests.sources import Files

BATCH_BYTES = 1 << 26
LONGEST_ROW = 1 << 26  # bytes


class ParquetReader(FileReader):
    """A Parquet file. Only the columns that are asked for are read."""

    def __init__(self, source: Path | bytes, files: Files, *, name: str) -> None:
        self.name = name
        self._source = source
        self._require_parquet(files)
        size = parquet_footers.checked_size(source, name)
        with self._opened() as file:
            parquet_footers.require_consistent(file, size, name)
            fields = [named for field in file.schema_arrow for named in _fields(field)]
            schema = file.schema
            self._utc = {
                schema.column(n).path
                for n in range(len(schema))
                if schema.column(n).physical_type == "INT96"
            }
        super().__init__(name, [path for path, _ in fields], [str(kind) for _, kind in fields])

    def _require_parquet(self, files: Files) -> None:
        if compression.is_compressed(self._source, self.name):
            raise UnreadableFileError(
                f"{self.name}: a compressed file around Parquet. Unpack it: Parquet files are "
                "compressed inside"
            )
        first = compression.sample(self._source, self.name)
        if not first.startswith(compression.PARQUET_MAGIC):
            raise UnreadableFileError(
                f"{self.name}: not Parquet: it begins with {_shown(first)}. Correct `format`, "
                f"which is {files.format!r}"
            )

    def _batches(self, columns: tuple[str, ...]) -> Iterator[pa.RecordBatch]:
        with self._opened() as file:
            tops = {field.name for field in file.schema_arrow}
            text_columns = text_paths(file)
        needed = sorted({top for name in columns if (top := _top(name, tops)) is not None})
        first = 1
        for batch in self._small_batches(needed, text_columns):
            values = [self._texts(batch, name) for name in columns]
            yield whole_batch(first, batch.num_rows, columns, values)
            first += batch.num_rows

    def _small_batches(
        self, needed: Sequence[str], text_columns: Sequence[str]
    ) -> Iterator[pa.RecordBatch]:
        """Yield batches that have about `BATCH_BYTES` bytes also if no text is repeated.

        Raises:
            UnreadableFileError: a row has more.
        """
        flat = [name for name in needed if name in text_columns]
        self._refuse_long_texts(needed)
        with self._opened(dictionaries=flat) as file:
            long = long_texts(file, flat, BATCH_BYTES // BATCH_ROWS)
        inner = [path for path in text_columns if _top(path, needed) not in {None, path}]
        repeated = [*long, *inner]
        row = 1
        with self._opened(dictionaries=repeated) as file:
            # Arrow cannot join dictionaries inside lists: no batch is of two row groups then
            groups = [*range(file.num_row_groups)]
            for together in [[group] for group in groups] if repeated else [groups]:
                n_rows = _batch_rows(file)
                for batch in file.iter_batches(n_rows, row_groups=together, columns=needed):
                    sizes = row_sizes(batch)
                    self._refuse_long_row(row, sizes)
                    yield from parts(batch, sizes, BATCH_BYTES)
                    row += batch.num_rows

    def _refuse_long_texts(self, needed: Sequence[str]) -> None:
        """Refuse a row group whose rows have more than `LONGEST_ROW` bytes on average.

        The sizes are those of the file's footer: nothing is unpacked.
        """
        with self._opened() as file:
            longest = longest_average(file.metadata, needed)
        if longest > LONGEST_ROW:
            raise UnreadableFileError(
                f"{self.name}: rows have more than {LONGEST_ROW:,} bytes. Leave out the columns "
                "with long values"
            )

    def _refuse_long_row(self, first: int, sizes: Sizes) -> None:
        is_long = sizes > LONGEST_ROW
        if is_long.any():
            raise UnreadableFileError(
                f"{self.name}: row {first + int(is_long.argmax())} has more than {LONGEST_ROW:,} "
                "bytes. Leave out the columns with long values"
            )

    def _texts(self, batch: pa.RecordBatch, name: str) -> pa.Array:
        top = _top(name, set(batch.schema.names))
        if top is None:
            return pa.nulls(batch.num_rows, TEXT)
        values = batch.column(top)
        if name != top:
            values = _inner(values, name[len(top) + 1 :])
        if values is None:
            return pa.nulls(batch.num_rows, TEXT)
        if name in self._utc:  # Spark's and Impala's times of 96 bits are in UTC
            values = pc.assume_timezone(values, "UTC")
        return texts(values)

    @contextmanager
    def _opened(self, dictionaries: Sequence[str] = ()) -> Iterator[pq.ParquetFile]:
        source = pa.py_buffer(self._source) if isinstance(self._source, bytes) else self._source
        try:
            with (
                compression.readable(self.name),
                pq.ParquetFile(
                    source, coerce_int96_timestamp_unit="us", read_dictionary=[*dictionaries]
                ) as file,
            ):
                yield file
        except pa.ArrowMemoryError as error:
            raise UnreadableFileError(
                f"{self.name}: unpacked, it does not fit into memory. Write smaller row groups, or "
                "leave out the columns with long values"
            ) from error
        except pa.ArrowException as error:
            raise UnreadableFileError(
                f"{self.name}: the Parquet file is damaged, encrypted or cut short "
                f"({str(error).splitlines()[0]}). Send it again"
            ) from error


def _batch_rows(file: pq.ParquetFile) -> int:
    """Return how many rows have about `BATCH_BYTES` bytes, so that long texts fit into memory.

    Repeated texts count once. Repeated numbers, and texts of one length, count each time.
    """
    metadata, schema = file.metadata, file.schema
    widths = [schema.column(n).length or NUMBER_BYTES for n in range(len(schema))]
    groups = map(metadata.row_group, range(metadata.num_row_groups))
    n_bytes = sum(max(int(group.total_byte_size), _expanded(group, widths)) for group in groups)
    n_rows = BATCH_BYTES * int(metadata.num_rows) // max(n_bytes, 1)
    return min(max(n_rows, 1), BATCH_ROWS)


def _expanded(group: pq.RowGroupMetaData, widths: Sequence[int]) -> int:
    return sum(group.column(n).num_values * width for n, width in enumerate(widths))


def _fields(field: pa.Field, prefix: str = "") -> Iterator[tuple[str, pa.DataType]]:
    """Yield the path and type of the field and, of a struct, of all fields in it."""
    path = f"{prefix}{field.name}"
    yield path, field.type
    if pa.types.is_struct(field.type):
        for inner in field.type:
            yield from _fields(inner, f"{path}.")


def _top(name: str, tops: Collection[str]) -> str | None:
    """Return the column that has the field: the one of that name, or the object around it."""
    if name in tops:
        return name
    starts = (name[: dot.start()] for dot in re.finditer(r"\.", name))
    return next((start for start in starts if start in tops), None)


def _inner(values: pa.Array, path: str) -> pa.Array | None:
    """Return the field of each object that the path names, or None if there is none."""
    if not pa.types.is_struct(values.type):
        return None
    name = _top(path, values.type.names)
    if name is None:
        return None
    inner = pc.struct_field(values, [values.type.get_field_index(name)])
    return inner if name == path else _inner(inner, path[len(name) + 1 :])


def _shown(first: bytes) -> str:
    return repr(first[:20].decode("utf-8", "replace")) if first else "nothing: it is empty"
