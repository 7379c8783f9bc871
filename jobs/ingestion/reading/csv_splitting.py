"""How csv text is split into records, by Python's `csv` (RFC 4180, escapes, long separators)."""

import csv
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

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
    """Splits lines into records. A quoted field may span lines.

    After a quote that is never closed, only its line is lost: the lines after it are split again.
    """

    def __init__(self, files: Files) -> None:
        csv.field_size_limit(sys.maxsize)
        self._files = files
        self._separator = files.separator if len(files.separator) == 1 else _SEPARATOR
        self._prepared = _preparation(files)

    def records(self, lines: Lines) -> Iterator[Record]:
        """Yield the records until the current block is read; blank lines are skipped.

        If the last record ends in a later block, the other lines of that block are left.
        """
        n_blocks = max(lines.n_blocks, 1)
        reader = self._reader(lines, strict=False)
        while True:
            lines.start()
            line = lines.number
            try:
                fields = next(reader, None)
            except csv.Error:  # the only one that is left if `strict` is off
                yield Record(line, lines.taken, [], STRAY_RETURN)
            else:
                is_strict = self._is_strict(lines.taken)
                if not is_strict and (lines.at_end or len(lines.taken) > 1):
                    lines.give_back(len(lines.taken) - 1)
                    yield Record(line, lines.taken, [], NEVER_CLOSED)
                elif fields:
                    fields = self._restored(fields)
                    kept = fields if is_strict else self._with_quotes(lines.taken[0], fields)
                    yield Record(line, lines.taken, kept, "", is_strict)
            if not lines.in_block or lines.n_blocks > n_blocks:
                return

    def strict_rows(self, lines: Sequence[str]) -> tuple[list[list[str]], list[int]]:
        """Return the rows before the first that is not strict, and the lines read after each row.

        This is many times faster than `records`. A blank line is a row without fields.
        """
        rows, n_lines = [], []
        reader = self._reader(lines, strict=True)
        try:
            for row in reader:
                rows.append(row)
                n_lines.append(reader.line_num)
        except csv.Error:
            pass
        return list(map(self._restored, rows)), n_lines

    def _is_strict(self, taken: Sequence[str]) -> bool:
        """Return whether the lines are one record, with all inner quotes doubled or escaped."""
        if not self._files.quote or not any(self._files.quote in line for line in taken):
            return True
        try:
            return len(list(self._reader(taken, strict=True))) == 1
        except csv.Error:
            return False

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
        files = self._files
        return csv.reader(
            lines if self._prepared is None else map(self._prepared, lines),
            delimiter=self._separator,
            quotechar=files.quote or None,
            quoting=csv.QUOTE_MINIMAL if files.quote else csv.QUOTE_NONE,
            escapechar=files.escape or None,
            strict=strict,
        )

    def _restored(self, fields: list[str]) -> list[str]:
        if self._separator == self._files.separator:
            return fields
        return [text.replace(_SEPARATOR, self._files.separator) for text in fields]


def _preparation(files: Files) -> Callable[[str], str] | None:
    r"""Return what is done to each line before `csv` splits it, or None.

    `csv` drops an escape before any character. Here it stays, as in `C:\new`, unless it is before
    a quote, a separator, a line end or an escape.
    """
    unescaped = _kept_escapes(files) if files.escape else None
    if len(files.separator) == 1:
        return unescaped
    if unescaped is None:
        return lambda line: line.replace(files.separator, _SEPARATOR)
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
