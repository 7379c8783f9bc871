"""Open a file as its manifest says."""

from pathlib import Path

from jobs.ingestion.reading import memory
from jobs.ingestion.reading.delimited.records import DelimitedReader
from jobs.ingestion.reading.json_records import JsonArrayReader, JsonLinesReader
from jobs.ingestion.reading.parquet_records import ParquetReader
from jobs.ingestion.reading.reader import FileReader
from warehouse.manifests.sources import Files


def open_file(source: Path | bytes, files: Files, *, name: str) -> FileReader:
    """Return the reader of a file: a local path, or all its bytes. `name` is shown in errors.

    Raises:
        UnreadableFileError: the file is not what the manifest says; the message says what it is. Or
            it does not fit into memory.
    """
    with memory.sentences(name):
        match files.format:
            case "csv":
                return DelimitedReader(source, files, name=name)
            case "jsonl":
                return JsonLinesReader(source, files, name=name)
            case "json":
                return JsonArrayReader(source, files, name=name)
            case "parquet":
                return ParquetReader(source, files, name=name)
