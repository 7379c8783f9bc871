"""How csv text is split into records, by Python's `csv` (RFC 4180, escapes, long separators)."""

import csv
import itertools
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from jobs.ingestion.reading.delimited.open_records import GOING_ON, Dialect, OpenRecords, State
from jobs.ingestion.reading.lines import Lines
from warehouse.manifests.sources import Files

if TYPE_CHECKING:
    import _csv

NEVER_CLOSED = (
    "a quote is opened and never closed. Double the quotes inside fields, or write "
    '`quote = ""` if the file has none'
)
STRAY_RETURN = "a field without quotes has a carriage return. Quote the field"
# In place of a longer separator, which `csv` does not support. No decoder returns this character.
_SEPARATOR = "\ud800"


class Record(NamedTuple):
    """One record: the line on which it starts, its lines, and its fields.

    A record that was not split has no fields, and a `problem`. `is_strict`: all quotes inside
    quoted fields are doubled or escaped.
    """

    line: int
    lines: list[str]
    fields: list[str]
    problem: str = ""
    is_strict: bool = True

    @property
    def text(self) -> str:
        """The record as it is in the file."""
        return "".join(self.lines).rstrip("\r\n")


class Splitter:
    """Splits the lines of a file into records. A quoted field may span lines.

    After a quote that is never closed, only its line is lost: the lines after it are split again.
    """

    def __init__(self, files: Files, lines: Lines) -> None:
        csv.field_size_limit(sys.maxsize)
        self._files = files
        self._lines = lines
        self._separator = files.separator if len(files.separator) == 1 else _SEPARATOR
        self._prepared = _preparation(files)
        self._strict, self._lenient = (
            csv.reader(
                (),
                delimiter=self._separator,
                quotechar=files.quote or None,
                quoting=csv.QUOTE_MINIMAL if files.quote else csv.QUOTE_NONE,
                escapechar=files.escape or None,
                strict=strict,
            ).dialect
            for strict in (True, False)
        )
        self._dialect = Dialect(files.quote, files.escape, self._prepared, self._reader)
        self._open_records = OpenRecords(lines, self._dialect)

    def records(self) -> Iterator[Record]:
        """Yield the records until the current block is read; blank lines are skipped.

        If the last record ends in a later block, the other lines of that block are left.
        """
        lines = self._lines
        n_blocks = max(lines.n_blocks, 1)
        while True:
            lines.start()
            number = lines.number
            for line in itertools.islice(lines, 1):
                record = self._record(number, line)
                if record.fields or record.problem:
                    yield record
            if not lines.in_block or lines.n_blocks > n_blocks:
                return

    def _record(self, number: int, first: str) -> Record:
        """Return the record that begins with the line, and take its other lines."""
        lines = self._lines
        state, has_single_quote = self._dialect.after(first, None)
        has_quote = self._files.quote != "" and self._files.quote in first
        if state in GOING_ON:
            end = self._open_records.end(state, len(first))
            state = end.state
            has_single_quote = has_single_quote or end.has_single_quote
            has_quote = has_quote or end.has_quote
            is_lost = has_single_quote or (has_quote and state == State.END_OF_FILE)
            if state != State.STRAY_RETURN and is_lost:
                return Record(number, lines.taken, [], NEVER_CLOSED)
            for _ in itertools.islice(lines, end.n_lines):
                pass  # now they are in `taken`
        if state == State.STRAY_RETURN:
            return Record(number, lines.taken, [], STRAY_RETURN)
        rows = self._reader(map(self._prepared, lines.taken), strict=False)
        fields = self._restored(next(rows))
        if has_single_quote:
            fields = self._with_quotes(first, fields)
        return Record(number, lines.taken, fields, "", not has_single_quote)

    def strict_rows(self, lines: Sequence[str]) -> tuple[list[list[str]], list[int]]:
        """Return the rows before the first that is not strict, and the lines read after each row.

        This is many times faster than `records`. A blank line is a row without fields.
        """
        rows, n_lines = [], []
        reader = self._reader(map(self._prepared, lines), strict=True)
        try:
            for row in reader:
                rows.append(row)
                n_lines.append(reader.line_num)
        except csv.Error:
            pass
        return list(map(self._restored, rows)), n_lines

    def _with_quotes(self, line: str, fields: list[str]) -> list[str]:
        """Return the fields with all quotes inside them, some of which `csv` drops.

        If a field has a separator inside its quotes, the fields are returned unchanged.
        """
        files = self._files
        parts = line.rstrip("\r\n").split(files.separator)
        if files.escape or len(parts) != len(fields):
            return fields
        quoted = re.compile(f"{re.escape(files.quote)}(.*){re.escape(files.quote)}", re.DOTALL)
        inner = [quoted.fullmatch(part) for part in parts]
        doubled = files.quote * 2
        return [
            part if match is None else match[1].replace(doubled, files.quote)
            for part, match in zip(parts, inner, strict=True)
        ]

    def _reader(self, lines: Iterable[str], *, strict: bool) -> "_csv.Reader":
        return csv.reader(lines, self._strict if strict else self._lenient)

    def _restored(self, fields: list[str]) -> list[str]:
        if self._separator == self._files.separator:
            return fields
        return [text.replace(_SEPARATOR, self._files.separator) for text in fields]


def _preparation(files: Files) -> Callable[[str], str]:
    r"""Return what is done to each line before `csv` splits it, or None.

    `csv` drops an escape before any character. Here it stays, as in `C:\new`, unless it is before
    a quote, a separator, a line end or an escape.
    """
    unescaped = _kept_escapes(files) if files.escape else str
    if len(files.separator) == 1:
        return unescaped
    return lambda line: unescaped(line).replace(files.separator, _SEPARATOR)


def _kept_escapes(files: Files) -> Callable[[str], str]:
    mark, doubled = re.escape(files.escape), files.escape * 2
    special = re.escape(files.quote + files.separator[0] + files.escape) + "\r\n"
    escape = re.compile(rf"{mark}([{special}]?)")

    def kept(line: str) -> str:
        if files.escape not in line:
            return line
        return escape.sub(lambda match: match[0] if match[1] else doubled, line)

    return kept
