"""Cookies in quotes are read in linear time.

Before CPython 3.11.10 and 3.12.6 the time grows with the square of a cookie's length: a header of
32 kB with escaped quotes takes more than a second, in the event loop of all requests. Starlette
reads cookies with this function of the standard library.
"""

import re
from http import cookies

_ESCAPED = re.compile(r"\\(?:([0-3][0-7][0-7])|(.))")


def read_in_linear_time() -> None:
    """Replace the function of the standard library, in this process."""
    cookies._unquote = unquoted  # type: ignore[assignment] # noqa: SLF001 # Starlette calls it


def unquoted(value: str | None) -> str | None:
    r"""Return a cookie's value without its quotes: `\"` is `"`, `\054` the character 44."""
    if value is None or len(value) < 2 or value[0] != '"' or value[-1] != '"':  # noqa: PLR2004 # quotes
        return value
    return _ESCAPED.sub(_character, value[1:-1])


def _character(escaped: re.Match[str]) -> str:
    return chr(int(escaped[1], 8)) if escaped[1] else escaped[2]
