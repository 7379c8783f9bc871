"""The header of a file: its columns and some of its rows, read by the one reader.

`land` compares it with the manifest before anything is written; `check` grades more of its rows.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from jobs.ingestion.columns import required_columns
from jobs.ingestion.reading import open_file
from warehouse.datasets import Dataset
from warehouse.sources import Files, Ratings

HEADER_ROWS = 1000
ENOUGH_ROWS = 10
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


def read(source: Path | bytes, files: Files, *, name: str, limit: int = HEADER_ROWS) -> FileHeader:
    """Return the header of a file. Its rows have the columns that the manifest names.

    Raises:
        UnreadableFileError: the file cannot be read as the manifest says.
    """
    reader = open_file(source, files, name=name)
    required = required_columns(files)
    rows: list[Row] = []
    n_malformed = 0
    for batch in reader.batches(required, limit=limit):
        _, raw, *texts = (column.to_pylist() for column in batch.columns)
        n_malformed += sum(text is not None for text in raw)
        rows += [
            dict(zip(required, row, strict=True))
            for text, *row in zip(raw, *texts, strict=True)
            if text is None
        ]
    return FileHeader(reader.columns, tuple(rows), n_malformed, reader.types)


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


def _list(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _sample(values: Iterable[str | None]) -> str:
    return ", ".join(repr(value) for value in dict.fromkeys(islice(values, 3)))
