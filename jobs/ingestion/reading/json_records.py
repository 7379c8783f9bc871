"""Read JSON: one object per line (jsonl), or one array of objects (json)."""

import json
import re
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa

from jobs.ingestion.reading.encodings import bad_byte
from jobs.ingestion.reading.json_array import elements
from jobs.ingestion.reading.json_values import (
    TOO_DEEP,
    Row,
    all_objects,
    batch,
    column_names,
    is_too_deep,
    parsed,
    texts,
)
from jobs.ingestion.reading.lines import BLOCK_CHARS, TextFile, line_end_of, split_lines
from jobs.ingestion.reading.reader import BATCH_ROWS, FileReader, whole_batch
from jobs.runtime.errors import UnreadableFileError
from warehouse.manifests.sources import Files

SAMPLE_ROWS = 1000
_ARRAY = re.compile(r"\s*\[\s*([{\]]|$)")
_SEVERAL_LINES = re.compile(r"\s*\{\s*\n")
_DECODER = json.JSONDecoder()


class Record(NamedTuple):
    """One value of a file: its line or row, its text, and the object; `row` is None for others."""

    line: int
    text: str
    row: Row | None
    problem: str = ""


class _JsonReader(FileReader):
    """A file of JSON objects. Its columns are the fields of the first `SAMPLE_ROWS` objects."""

    def __init__(self, source: Path | bytes, files: Files, *, name: str) -> None:
        self._files = files
        self._text = TextFile(source, name, files.encoding)
        self.name = name
        self._require_form()
        rows = (record.row for record in islice(self._records(), SAMPLE_ROWS))
        super().__init__(name, column_names(row for row in rows if row is not None))

    @abstractmethod
    def _require_form(self) -> None:
        """Raise if the file begins as another format does."""

    @abstractmethod
    def _records(self) -> Iterator[Record]:
        """Yield the records from the beginning of the file."""

    def _batches(self, columns: tuple[str, ...]) -> Iterator[pa.RecordBatch]:
        records: list[Record] = []
        n_chars = 0
        for record in self._records():
            records.append(record)
            n_chars += len(record.text)
            if len(records) == BATCH_ROWS or n_chars > BLOCK_CHARS:
                yield self._batch(records, columns)
                records, n_chars = [], 0
        yield self._batch(records, columns)

    def _batch(self, records: list[Record], columns: tuple[str, ...]) -> pa.RecordBatch:
        for record in records:
            if record.problem:
                self._note("record", record.problem)
        lines, contents = [x.line for x in records], [x.text for x in records]
        return batch(lines, contents, [x.row for x in records], columns)


class JsonLinesReader(_JsonReader):
    """A file with one JSON object per line. Other lines are `raw`."""

    def _require_form(self) -> None:
        sample = self._text.sample
        if _ARRAY.match(sample):
            raise UnreadableFileError(
                f'{self.name}: this is one JSON array. Write `format = "json"` in the manifest'
            )
        if _SEVERAL_LINES.match(sample):
            raise UnreadableFileError(
                f"{self.name}: an object spans several lines. Write one object per line, as "
                "`jq -c .` does"
            )

    def _records(self) -> Iterator[Record]:
        return (
            record for first, lines in self._blocks() for record in self._records_of(first, lines)
        )

    def _batches(self, columns: tuple[str, ...]) -> Iterator[pa.RecordBatch]:
        for first, lines in self._blocks():
            rows = all_objects(lines)
            if rows is None:
                yield self._batch(list(self._records_of(first, lines)), columns)
            else:
                values = [texts(rows, column) for column in columns]
                yield whole_batch(first, len(rows), columns, values)

    def _blocks(self) -> Iterator[tuple[int, list[str]]]:
        """Yield the lines in blocks, each with the number of its first line."""
        line_end, first = line_end_of(self._text.sample, self._files), 1
        for block in self._text.blocks(line_end):
            lines = split_lines(block, line_end)
            yield first, lines
            first += len(lines)

    def _records_of(self, first: int, lines: Sequence[str]) -> Iterator[Record]:
        for number, line in enumerate(lines, first):
            text = line.rstrip("\r\n")
            if text and not text.isspace():
                yield self._record(number, text)

    def _record(self, number: int, text: str) -> Record:
        if problem := bad_byte(text, number, self._text.encoding):
            return Record(number, text, None, problem)
        try:
            value = parsed(text)
        except json.JSONDecodeError as error:
            problem = f"line {number} is not JSON: {error.msg} at character {error.pos + 1}"
            return Record(number, text, None, f"{problem}. Correct the line")
        except ValueError as error:
            return Record(number, text, None, f"line {number} is not JSON: {error}")
        if not isinstance(value, dict):
            problem = f"line {number} is no JSON object. Write each row as an object"
            return Record(number, text, None, problem)
        return Record(number, text, value)


class JsonArrayReader(_JsonReader):
    """A file with one JSON array of objects. Other elements are `raw`."""

    def _require_form(self) -> None:
        sample = self._text.sample.lstrip()
        if not sample or sample.startswith("["):
            return
        if not sample.startswith("{"):
            raise UnreadableFileError(
                f"{self.name}: not JSON: the file begins with {sample[:20]!r}. Correct `format`"
            )
        try:
            _, end = _DECODER.raw_decode(sample)
        except (ValueError, RecursionError):
            end = len(sample)
        if sample[end:].lstrip().startswith("{"):
            raise UnreadableFileError(
                f'{self.name}: one JSON object per line. Write `format = "jsonl"` in the manifest'
            )
        raise UnreadableFileError(
            f"{self.name}: the file is one JSON object, not an array. Write only its array of "
            "rows, as `jq '.rows'` does with the field `rows`; a file of one row is `jsonl`"
        )

    def _records(self) -> Iterator[Record]:
        for row, (value, text, line) in enumerate(elements(self._text), 1):
            if problem := bad_byte(text, line, self._text.encoding):
                yield Record(row, text, None, problem)
            elif is_too_deep(value):
                yield Record(row, text, None, f"element {row} of the array: {TOO_DEEP}")
            elif isinstance(value, dict):
                yield Record(row, text, value)
            else:
                problem = f"element {row} of the array is no JSON object"
                yield Record(row, text, None, f"{problem}. Write each row as an object")
