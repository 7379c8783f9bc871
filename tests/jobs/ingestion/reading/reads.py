"""Read invented files in tests."""

from collections.abc import Sequence
from pathlib import Path

from jobs.ingestion.reading import open_file
from jobs.ingestion.reading.reader import FileReader
from warehouse.manifests.sources import Files

Row = tuple[str | None, ...]


def opened(source: bytes | Path, **fields: object) -> FileReader:
    """Return the reader of a file that the manifest describes with these fields."""
    return open_file(source, Files.model_validate({"file": "f", **fields}), name="f")


def numbered(reader: FileReader, columns: Sequence[str] | None = None) -> list[tuple[int, Row]]:
    """Return the line and the texts of each row; of a record that was not split only `raw`."""
    wanted = reader.columns if columns is None else columns
    return [
        (line, tuple(texts) if raw is None else (f"raw: {raw}",))
        for batch in reader.batches(wanted)
        for line, raw, *texts in zip(*(column.to_pylist() for column in batch.columns), strict=True)
    ]


def rows(reader: FileReader, columns: Sequence[str] | None = None) -> list[Row]:
    """Return the texts of each row."""
    return [row for _, row in numbered(reader, columns)]
