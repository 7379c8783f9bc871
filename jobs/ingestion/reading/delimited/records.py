"""Read csv: any separator, quotes, escapes, line ends and encoding; records may span lines."""

import itertools
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from jobs.ingestion.reading.delimited.csv_splitting import Record, Splitter
from jobs.ingestion.reading.delimited.plain_blocks import PlainBlocks
from jobs.ingestion.reading.encodings import bad_byte, is_decoded, shown
from jobs.ingestion.reading.lines import Lines, TextFile, line_end_of
from jobs.ingestion.reading.reader import TEXT, FileReader, record_batch, whole_batch
from jobs.runtime.errors import UnreadableFileError
from warehouse.manifests.sources import Files

MAX_COLUMNS = 10_000
_SINGLE_QUOTE = (
    'a quote inside a quoted field is not doubled. Double it, or write `quote = ""` if no field '
    "is quoted"
)
_ESCAPED_QUOTE = (
    "a quote inside a quoted field has a backslash before it. If that escapes the quote, write "
    '`escape = "\\\\"` in the manifest'
)


class DelimitedReader(FileReader):
    """A csv file. A record with another number of fields is `raw`; an empty field is null.

    A separator at the end of a line does not begin a field.
    """

    def __init__(self, source: Path | bytes, files: Files, *, name: str) -> None:
        self._files = files
        self._text = TextFile(source, name, files.encoding)
        self._line_end = line_end_of(self._text.sample, files)
        header = (
            self._header(Splitter(files, self._lines()), name)
            if files.header
            else list(files.fields)
        )
        self._n_fields = len(header)
        if self._n_fields > MAX_COLUMNS:
            raise UnreadableFileError(
                f"{name}: the header has {self._n_fields:,} columns, at most {MAX_COLUMNS:,} are "
                "read. Correct `separator`, or leave out columns"
            )
        super().__init__(name, header[:-1] if header[1:] and not header[-1] else header)

    def _lines(self) -> Lines:
        lines = Lines(self._text.blocks(self._line_end), self._line_end)
        for _ in itertools.islice(lines, self._files.skip_lines):
            lines.start()
        return lines

    def _header(self, splitter: Splitter, name: str) -> list[str]:
        record = next(splitter.records(), None)
        while record is not None and record.text.startswith("sep="):  # Excel's first line
            record = next(splitter.records(), None)
        if record is None:
            return []
        problem = bad_byte(record.text, record.line, self._text.encoding) or record.problem
        if problem:
            raise UnreadableFileError(
                f"{name}: the header, line {record.line}, cannot be read: {problem}"
            )
        return [text.strip() for text in record.fields]

    def _batches(self, columns: tuple[str, ...]) -> Iterator[pa.RecordBatch]:
        positions = [self.columns.index(x) if x in self.columns else None for x in columns]
        plain = PlainBlocks(self._files, self._line_end, self._n_fields)
        lines = self._lines()
        splitter = Splitter(self._files, lines)
        if self._files.header:
            self._header(splitter, self.name)
        while lines.in_block or (block := lines.next_block()):
            if not lines.in_block:
                table = plain.table(block)
                if table is not None:
                    texts = [_chosen(table, position) for position in positions]
                    yield whole_batch(lines.number, table.num_rows, columns, texts)
                    lines.skip(table.num_rows)
                    continue
                lines.put(block)
            yield self._strict_batch(splitter, lines, columns, positions)
            if lines.in_block:
                yield self._batch(splitter.records(), columns, positions)

    def _strict_batch(
        self,
        splitter: Splitter,
        lines: Lines,
        columns: Sequence[str],
        positions: Sequence[int | None],
    ) -> pa.RecordBatch:
        """Return the rows of a block before the first record that may have a problem."""
        left = lines.left()
        rows, n_lines = splitter.strict_rows(left if is_decoded("".join(left)) else ())
        problems = (at for at, row in enumerate(rows) if row and not self._has_width(row))
        n_rows = next(problems, len(rows))
        filled = [at for at in range(n_rows) if rows[at]]
        numbers = np.asarray([0, *n_lines], np.int64)[filled] + lines.number
        texts = [_column([rows[at] for at in filled], position) for position in positions]
        if n_rows:
            lines.skip(n_lines[n_rows - 1])
        raws = pa.nulls(len(filled), TEXT)
        return record_batch(pa.array(numbers), raws, columns, texts)

    def _batch(
        self, records: Iterable[Record], columns: Sequence[str], positions: Sequence[int | None]
    ) -> pa.RecordBatch:
        numbers: list[int] = []
        raws: list[str | None] = []
        rows: list[list[str]] = []
        unsplit = [""] * (self._n_fields + 1)
        for record in records:
            numbers.append(record.line)
            if self._is_row(record):
                rows.append(record.fields)
                raws.append(None)
            else:
                rows.append(unsplit)
                raws.append(shown(record.text))
        texts = [_column(rows, position) for position in positions]
        return record_batch(pa.array(numbers, pa.int64()), pa.array(raws, TEXT), columns, texts)

    def _is_row(self, record: Record) -> bool:
        """Return whether the record has the file's columns; else note why not."""
        if not record.is_strict:
            is_escaped = not self._files.escape and f"\\{self._files.quote}" in record.text
            kind = _ESCAPED_QUOTE if is_escaped else _SINGLE_QUOTE
            self._note(kind, f"line {record.line}: {kind}")
        problem = self._problem(record)
        if problem is not None:
            self._note(*problem)
        return problem is None

    def _problem(self, record: Record) -> tuple[str, str] | None:
        """Return a kind of finding and a sentence, or None if the record is a row."""
        if not all(map(str.isascii, record.lines)):
            encoding = bad_byte(record.text, record.line, self._text.encoding)
            if encoding:
                return "encoding", encoding
        if record.problem:
            return record.problem, f"line {record.line}: {record.problem}"
        if self._has_width(record.fields):
            return None
        expected = f"the {'header' if self._files.header else 'manifest'} has {len(self.columns)}"
        step = "Quote fields that have the separator, or correct `separator`"
        return "width", f"line {record.line} has {len(record.fields)} fields, {expected}. {step}"

    def _has_width(self, fields: Sequence[str]) -> bool:
        """Return whether there is a field per column; an empty last one may be added to them."""
        n_fields = len(fields)
        if n_fields == self._n_fields or n_fields == len(self.columns):
            return True
        return n_fields == self._n_fields + 1 and not fields[-1]


def _chosen(table: pa.Table, position: int | None) -> pa.Array:
    missing = pa.nulls(table.num_rows, TEXT)
    return missing if position is None else table[position].combine_chunks()


def _column(rows: Sequence[Sequence[str]], position: int | None) -> pa.Array:
    """Return the fields at the position as text; an empty one is null."""
    if position is None:
        return pa.nulls(len(rows), TEXT)
    texts = pa.array([row[position] for row in rows], TEXT)
    return pc.if_else(pc.equal(texts, ""), None, texts)
