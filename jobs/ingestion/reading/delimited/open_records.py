"""Where a csv record ends that goes on after its first line, in time linear in the file.

A record that goes on is in one of two states at the beginning of a line: inside quotes, or after an
escaped line end. The rest of the record depends on this state alone. So lines that were read for
one record are not read again for the next ones: a later record that is in the same state at the
same line ends where the earlier one does.
"""

import csv
from collections.abc import Callable, Iterable, Sequence
from enum import IntEnum
from typing import TYPE_CHECKING, NamedTuple, Protocol

from jobs.ingestion.reading.lines import Lines

if TYPE_CHECKING:
    import _csv

LONGEST_RECORD = 1 << 24  # characters before the last line of a record
_MARK = "\ud801"  # after a quote it shows whether the quote ends a field; no decoder returns it


class State(IntEnum):
    """How a line ends: the record goes on in the next line, or not."""

    QUOTED = 0
    ESCAPED = 1  # an escape is before the line end, outside quotes
    ENDED = 2
    STRAY_RETURN = 3
    END_OF_FILE = 4  # or the record is too long


_STATES = tuple(State)
GOING_ON = frozenset((State.QUOTED, State.ESCAPED))


class RecordEnd(NamedTuple):
    """The end of a record: how, how many lines there are after the first, and what they have."""

    state: State
    n_lines: int
    has_quote: bool
    has_single_quote: bool


class MakeReader(Protocol):
    """Returns a reader of `csv`."""

    def __call__(self, lines: Iterable[str], *, strict: bool) -> "_csv.Reader":
        """Return a reader of lines that are prepared; `strict` as in `csv`."""


class Dialect(NamedTuple):
    """How lines are split: after `prepared`, by a `reader`."""

    quote: str
    escape: str
    prepared: Callable[[str], str]
    reader: MakeReader

    def after(self, line: str, state: State | None) -> tuple[State, bool]:
        """Return the state after the line, and whether a quote in it is not doubled or escaped.

        `state` is that before the line; None: the line begins a record.
        """
        has_quote = self.quote != "" and self.quote in line
        if state == State.QUOTED and not has_quote and not (self.escape and self.escape in line):
            return state, False
        before = (f"{self.escape}\n",) if state == State.ESCAPED else ()
        opening = self.quote if state == State.QUOTED else ""
        lines = (*before, f"{opening}{self.prepared(line)}", f"{self.quote}{_MARK}")
        reader = self.reader(lines, strict=False)
        try:
            fields = next(reader)
        except csv.Error:
            return State.STRAY_RETURN, False
        has_single_quote = has_quote and self._has_single_quote(lines)
        if reader.line_num < len(lines):
            return State.ENDED, has_single_quote
        is_outside = not self.quote or fields[-1].endswith(lines[-1])
        return State.ESCAPED if is_outside else State.QUOTED, has_single_quote

    def _has_single_quote(self, lines: Sequence[str]) -> bool:
        """Return whether strict `csv` refuses the lines before the last one."""
        reader = self.reader(lines, strict=True)
        try:
            next(reader)
        except csv.Error:
            return reader.line_num < len(lines)
        return False


class OpenRecords:
    """Finds the ends of records of one file, whose lines are looked at but not taken."""

    def __init__(self, lines: Lines, dialect: Dialect) -> None:
        self._lines = lines
        self._dialect = dialect
        self._paths: list[_Path] = []

    def end(self, state: State, n_chars: int) -> RecordEnd:
        """Return the end of a record whose first line, of `n_chars`, is taken.

        `state` is that after the first line: `QUOTED` or `ESCAPED`.
        """
        number, start = self._lines.number, self._lines.position - n_chars
        self._paths = [path for path in self._paths if path.state(number) is not None]
        path = self._path_with(number, state)
        if path is None:
            path = _Path(number, state, self._lines.position)
            self._paths.append(path)
        return self._end_of(path, number, start)

    def _end_of(self, path: "_Path", number: int, start: int) -> RecordEnd:
        """Return the end of a record that is on the path at line `number`, counted from there."""
        while path.end is None and path.joined is None:
            if path.position > start + LONGEST_RECORD:
                break
            self._extend(path)
        has_quote, has_single_quote = path.quote >= number, path.single_quote >= number
        if path.joined is not None:
            rest = self._end_of(path.joined, path.reached + 1, start)
            return RecordEnd(
                rest.state,
                path.reached + 1 - number + rest.n_lines,
                has_quote or rest.has_quote,
                has_single_quote or rest.has_single_quote,
            )
        state = State.END_OF_FILE if path.end is None else path.end
        n_lines = path.reached - number + (state != State.END_OF_FILE)
        return RecordEnd(state, n_lines, has_quote, has_single_quote)

    def _extend(self, path: "_Path") -> None:
        """Let the path go on by a line, unless the record ends there."""
        line = self._lines.ahead(path.reached - self._lines.number)
        if line is None:
            path.end = State.END_OF_FILE
            return
        state, has_single_quote = self._dialect.after(line, path.state(path.reached))
        if self._dialect.quote and self._dialect.quote in line:
            path.quote = path.reached
        if has_single_quote:
            path.single_quote = path.reached
        if state not in GOING_ON:
            path.end = state
            return
        path.joined = self._path_with(path.reached + 1, state)
        if path.joined is None:
            path.states.append(state)
            path.reached += 1
            path.position += len(line)

    def _path_with(self, number: int, state: State) -> "_Path | None":
        return next((path for path in self._paths if path.state(number) == state), None)


class _Path:
    """The states at the beginnings of lines, from line `first` on, as far as they were read.

    `position` is that of line `reached`, the last one whose state is known. `end` is how the record
    ends in that line; a path that has `joined` another goes on there in the next line. `quote` and
    `single_quote` are the last lines with any quote, and with one that is not doubled.
    """

    def __init__(self, first: int, state: State, position: int) -> None:
        self.first = first
        self.reached = first
        self.states = bytearray([state])
        self.position = position
        self.quote = 0
        self.single_quote = 0
        self.end: State | None = None
        self.joined: _Path | None = None

    def state(self, number: int) -> State | None:
        """Return the state at the beginning of the line; None if the path does not have it."""
        has_line = self.first <= number <= self.reached
        return _STATES[self.states[number - self.first]] if has_line else None
