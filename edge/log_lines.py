"""Log records as single lines of bounded length: text from outside cannot begin or fill a log."""

import logging
import re
from textwrap import indent

# Control characters, and those that change the order in which a line is shown.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}

MAX_CHARACTERS = 10_000  # of a line


class OneLine(logging.Formatter):
    """Escapes control characters of the message and cuts it; indents a stack trace."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 # the base class
        """Return the line without its stack trace."""
        line = one_line(super().formatMessage(record))
        if len(line) <= MAX_CHARACTERS:
            return line
        return f"{line[:MAX_CHARACTERS]}… ({len(line):,} characters)"

    def formatException(self, ei: object) -> str:  # noqa: N802 # the base class
        """Return the stack trace, indented."""
        return indent(super().formatException(ei), "  ")  # type: ignore[arg-type]


def one_line(text: str) -> str:
    """Return the text with its control characters escaped."""
    return _CONTROL.sub(_escaped, text)


def _escaped(match: re.Match[str]) -> str:
    return _SHORT.get(match[0], f"\\u{ord(match[0]):04x}")
