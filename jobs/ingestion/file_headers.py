"""The header of a file: its columns and some of its rows, read without Spark.

`land` compares it with the manifest before anything is written; `check` grades more of its rows.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from jobs.ingestion.line_format import split
from warehouse.datasets import Dataset
from warehouse.sources import Files, Ratings

HEADER_ROWS = 1000
ENOUGH_ROWS = 10
_LONGEST_LINE = 1_000_000
# The manifest's field for each column of bronze.
_FIELDS = {
    "user_id": "user", "item_id": "item", "rating": "value", "rated_at": "time", "title": "title",
    "categories": "categories", "vendor": "vendor", "released": "released",
}  # fmt: skip

Row = dict[str, str | None]


@dataclass(frozen=True, slots=True)
class FileHeader:
    """The columns of a file in order, its first well-formed rows, and the number of malformed ones.

    `types` are the columns' types as text (parquet only).
    """

    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    n_malformed: int = 0
    types: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether the file has no row."""
        return not self.rows and not self.n_malformed


def source_columns(files: Files) -> dict[str, str]:
    """Return the file's column for each column of bronze that the manifest names."""
    names = {column: getattr(files, field, None) for column, field in _FIELDS.items()}
    return {column: name for column, name in names.items() if name is not None}


def required_columns(files: Files) -> tuple[str, ...]:
    """Return the columns that the file must have."""
    return (*source_columns(files).values(), *getattr(files, "attributes", ()))


def read(path: Path, files: Files, *, limit: int = HEADER_ROWS) -> FileHeader:
    """Return the header of a local file.

    Raises:
        pyarrow.ArrowInvalid: the file should be parquet and is not.
    """
    if files.format == "parquet":
        return _read_parquet(path, limit)
    with path.open("rb") as file:
        lines = iter(lambda: file.readline(_LONGEST_LINE), b"")
        return from_lines(islice(lines, limit + 1), files)


def from_lines(lines: Iterable[bytes], files: Files) -> FileHeader:
    """Return the header of a text file from its first lines."""
    texts = [_decoded(line, files) for line in lines]
    if texts and texts[0] is not None:
        texts[0] = texts[0].removeprefix("\ufeff")
    columns: tuple[str, ...] = tuple(files.fields)
    if files.format == "csv" and files.header:
        first = texts.pop(0) if texts else ""
        columns = tuple(name.strip() for name in split(first or "", files))
    rows = [_row(text, columns, files) for text in texts if text != ""]
    well_formed = tuple(row for row in rows if row is not None)
    if files.format == "jsonl":
        columns = tuple(dict.fromkeys(name for row in well_formed for name in row))
    return FileHeader(columns, well_formed, n_malformed=len(rows) - len(well_formed))


def mismatches(files: Files, header: FileHeader, dataset: Dataset) -> list[str]:
    """Return why the file cannot be landed, one text per reason; an empty list if it can."""
    missing = [name for name in required_columns(files) if name not in header.columns]
    if missing and not (files.format == "jsonl" and not header.rows):
        new = _list(_unnamed(files, header)) or "none"
        return [f"missing {_list(missing)}; new {new} (the file has {_list(header.columns)})"]
    if not header.rows and header.n_malformed >= ENOUGH_ROWS:
        return [f"no line can be split into {_list(header.columns) or 'JSON fields'}"]
    return _wrong_types(files, header, dataset)


def ignored_columns(files: Files, header: FileHeader) -> tuple[str, ...]:
    """Return the columns that the manifest does not name. They are not landed."""
    return () if files.fields and not files.header else tuple(_unnamed(files, header))


def number(text: str | None) -> float | None:
    """Return the text as a number, or None if it is not one."""
    try:
        return float(text or "")
    except ValueError:
        return None


def time(text: str | None, time_format: str) -> datetime | None:
    """Return the text as a time in UTC, or None if it is not one."""
    try:
        if time_format == "iso":
            parsed = datetime.fromisoformat((text or "").strip())
            return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
        seconds = float(text or "") / (1000 if time_format == "milliseconds" else 1)
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _wrong_types(files: Files, header: FileHeader, dataset: Dataset) -> list[str]:
    if not isinstance(files, Ratings) or len(header.rows) < ENOUGH_ROWS:
        return []
    reasons = []
    values = [row.get(files.value) for row in header.rows]
    if not any(number(value) is not None for value in values):
        scale = f"{dataset.scale.lowest:g} to {dataset.scale.highest:g}"
        reasons.append(f"`{files.value}` has no numbers ({scale} expected): {_sample(values)}")
    times = [row.get(files.time) for row in header.rows] if isinstance(files.time, str) else []
    if times and not any(time(text, files.time_format) for text in times):
        reasons.append(f"`{files.time}` has no times ({files.time_format}): {_sample(times)}")
    return reasons


def _unnamed(files: Files, header: FileHeader) -> list[str]:
    named = {*required_columns(files), *files.fields}
    return [name for name in header.columns if name not in named]


def _decoded(line: bytes, files: Files) -> str | None:
    try:
        return line.rstrip(b"\n").rstrip(b"\r").decode(files.encoding)
    except UnicodeDecodeError:
        return None


def _row(text: str | None, columns: Sequence[str], files: Files) -> Row | None:
    if text is None:
        return None
    if files.format == "jsonl":
        try:
            row = orjson.loads(text)
        except orjson.JSONDecodeError:
            return None
        return _texts(row) if isinstance(row, dict) else None
    values = split(text, files)
    return dict(zip(columns, values, strict=True)) if len(values) == len(columns) else None


def _read_parquet(path: Path, limit: int) -> FileHeader:
    with pq.ParquetFile(path) as file:
        schema = file.schema_arrow
        batch = next(file.iter_batches(batch_size=limit), pa.RecordBatch.from_pylist([]))
        rows = tuple(_texts(row) for row in batch.to_pylist())
        return FileHeader(tuple(schema.names), rows, types=tuple(map(str, schema.types)))


def _texts(row: dict[str, object]) -> Row:
    return {name: None if value is None else str(value) for name, value in row.items()}


def _list(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _sample(values: Iterable[str | None]) -> str:
    return ", ".join(repr(value) for value in dict.fromkeys(islice(values, 3)))
