"""The elements of a JSON array, read piece by piece: a file of any size needs little memory."""

import json
import re
from collections.abc import Iterator

from jobs.ingestion.reading.json_values import TOO_DEEP, Json
from jobs.ingestion.reading.lines import LONGEST_LINE, TextFile
from jobs.runtime.errors import UnreadableFileError

_SPACE = re.compile(r"[ \t\r\n]*")
_LONGEST_WORD = len("-Infinity") + 1
_DECODER = json.JSONDecoder()


def elements(file: TextFile) -> Iterator[tuple[Json, str, int]]:
    """Yield the elements of the file's array, each with its text and the line it starts on.

    Raises:
        UnreadableFileError: the text is not a JSON array, or ends before the array does.
    """
    text = _Unread(file)
    if text.next_mark() == "":
        return
    text.require("[")
    if text.next_mark() == "]":
        return
    while True:
        yield text.value()
        if text.require(",]") == "]":
            return


class _Unread:
    """The text that is not parsed yet: `_text` from `_at` on, and the pieces after it."""

    def __init__(self, file: TextFile) -> None:
        self._name = file.name
        self._pieces = file.pieces()
        self._text = ""
        self._at = 0
        self._line = 1
        self._counted = 0

    def next_mark(self) -> str:
        """Return the next character that is no space, without reading it; "" at the end."""
        while True:
            self._at = self._after_space()
            if self._at < len(self._text) or not self._more():
                return self._text[self._at : self._at + 1]

    def require(self, marks: str) -> str:
        """Read the next character, which is one of `marks`, and return it."""
        mark = self.next_mark()
        if mark == "" or mark not in marks:
            expected = " or ".join(f"`{mark}`" for mark in marks)
            raise self._error(f"{expected} expected", is_end=mark == "")
        self._at += 1
        return mark

    def value(self) -> tuple[Json, str, int]:
        """Read the next value, and return it with its text and the line it starts on."""
        self.next_mark()
        while True:
            try:
                value, end = _DECODER.raw_decode(self._text, self._at)
            except json.JSONDecodeError as error:
                if self._may_go_on(error) and self._more():
                    continue
                raise self._error(error.msg, is_end=self._may_go_on(error)) from error
            except RecursionError as error:
                raise self._error(TOO_DEEP, is_end=False) from error
            except ValueError as error:
                raise self._error(str(error), is_end=False) from error
            if end < len(self._text) or not self._more():
                break
        text, line = self._text[self._at : end], self._line_now()
        self._at = end
        return value, text, line

    def _may_go_on(self, error: json.JSONDecodeError) -> bool:
        """Return whether the value may be complete with more text."""
        is_text = error.msg.startswith("Unterminated string")
        return is_text or error.pos > len(self._text) - _LONGEST_WORD

    def _more(self) -> bool:
        """Append at least as much text as is unread, so that a long value is parsed few times."""
        self._line_now()
        unread = self._text[self._at :]
        if len(unread) > LONGEST_LINE:
            raise self._error(f"a value of more than {LONGEST_LINE:,} characters", is_end=False)
        pieces = [unread]
        while sum(map(len, pieces)) <= 2 * len(unread):
            piece = next(self._pieces, "")
            if not piece:
                break
            pieces.append(piece)
        self._text, self._at, self._counted = "".join(pieces), 0, 0
        return len(pieces) > 1

    def _after_space(self) -> int:
        spaces = _SPACE.match(self._text, self._at)
        return self._at if spaces is None else spaces.end()

    def _line_now(self) -> int:
        self._line += self._text.count("\n", self._counted, self._at)
        self._counted = self._at
        return self._line

    def _error(self, what: str, *, is_end: bool) -> UnreadableFileError:
        if is_end:
            return UnreadableFileError(
                f"{self._name}: the file ends inside the JSON array: it was cut short. Send it "
                "again"
            )
        return UnreadableFileError(
            f"{self._name}: line {self._line_now()} is not JSON: {what}. Correct the file"
        )
