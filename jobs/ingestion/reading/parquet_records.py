"""Read Parquet, as pandas, Spark and Arrow write it."""

import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from jobs.ingestion.reading import compression
from jobs.ingestion.reading.column_texts import texts
from jobs.ingestion.reading.reader import BATCH_ROWS, TEXT, FileReader, whole_batch
from jobs.runtime.errors import UnreadableFileError
from warehouse.manifests.sources import Files

BATCH_BYTES = 1 << 26


class ParquetReader(FileReader):
    """A Parquet file. Only the columns that are asked for are read."""

    def __init__(self, source: Path | bytes, files: Files, *, name: str) -> None:
        self.name = name
        self._source = source
        self._require_parquet(files)
        with self._opened() as file:
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
        if not first.startswith(compression.PARQUET):
            raise UnreadableFileError(
                f"{self.name}: not Parquet: it begins with {_shown(first)}. Correct `format`, "
                f"which is {files.format!r}"
            )

    def _batches(self, columns: tuple[str, ...]) -> Iterator[pa.RecordBatch]:
        with self._opened() as file:
            tops = {field.name for field in file.schema_arrow}
            needed = sorted({top for name in columns if (top := _top(name, tops)) is not None})
            row = 1
            for batch in file.iter_batches(_batch_rows(file), columns=needed):
                values = [self._texts(batch, name) for name in columns]
                yield whole_batch(row, batch.num_rows, columns, values)
                row += batch.num_rows

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
    def _opened(self) -> Iterator[pq.ParquetFile]:
        source = pa.py_buffer(self._source) if isinstance(self._source, bytes) else self._source
        try:
            with (
                compression.readable(self.name),
                pq.ParquetFile(source, coerce_int96_timestamp_unit="us") as file,
            ):
                yield file
        except pa.ArrowException as error:
            raise UnreadableFileError(
                f"{self.name}: the Parquet file is damaged, encrypted or cut short "
                f"({str(error).splitlines()[0]}). Send it again"
            ) from error


def _batch_rows(file: pq.ParquetFile) -> int:
    """Return how many rows have about `BATCH_BYTES` bytes, so that long texts fit into memory."""
    metadata = file.metadata
    groups = map(metadata.row_group, range(metadata.num_row_groups))
    n_bytes = sum(int(group.total_byte_size) for group in groups)
    n_rows = BATCH_BYTES * int(metadata.num_rows) // max(n_bytes, 1)
    return min(max(n_rows, 1), BATCH_ROWS)


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
