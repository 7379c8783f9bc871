"""Names of files in a folder or an archive, and the manifest's patterns that they match.

`*`, `?` and `[…]` match within one folder, as in a shell; `**` matches any number of folders. They
do not match names that begin with `_` or `.`, such as `_SUCCESS` and `.ratings.csv.part`, unless
the pattern begins with the same character: programs write such files for themselves. A name that
the manifest has in full always matches.
"""

import fnmatch
import re
from collections.abc import Sequence

from jobs.runtime.errors import UnreadableFileError

_NOTE = re.compile(
    r"(^readme|^source\.txt$|^licen[cs]e|\.(md|toml|pdf|html?|py|ipynb|docx?|png|jpe?g|crc)$|^[._])",
    re.IGNORECASE,
)
_WILDCARDS = re.compile(r"[*?\[]")


def is_pattern(text: str) -> bool:
    """Whether the text may match more than one name."""
    return _WILDCARDS.search(text) is not None


def matches(pattern: str, name: str) -> bool:
    """Whether the path `name` matches the pattern."""
    return pattern == name or _matches(pattern.split("/"), name.split("/"))


def require_utf8(name: str) -> None:
    """Check that a name is UTF-8: tables and manifests cannot contain other names.

    Raises:
        UnreadableFileError: it has bytes that are not UTF-8.
    """
    try:
        name.encode()
    except UnicodeEncodeError as error:
        shown = name.encode(errors="backslashreplace").decode()
        raise UnreadableFileError(f"{shown}: a name that is not UTF-8. Rename the file") from error


def is_note(name: str) -> bool:
    """Whether a file of this name has no data: notes such as README, and names with `_` or `.`."""
    return _NOTE.search(name) is not None


def is_data(pattern: str, path: str) -> bool:
    """Whether the path's last part may match: Hadoop's patterns match `_SUCCESS` as well."""
    return _may_match(pattern.rsplit("/", 1)[-1], path.rsplit("/", 1)[-1])


def _matches(patterns: Sequence[str], parts: Sequence[str]) -> bool:
    if not patterns or not parts:
        return not patterns and not parts
    if patterns[0] == "**":
        skips_one = not _is_hidden(parts[0]) and _matches(patterns, parts[1:])
        return skips_one or _matches(patterns[1:], parts)
    fits = _may_match(patterns[0], parts[0]) and fnmatch.fnmatchcase(parts[0], patterns[0])
    return fits and _matches(patterns[1:], parts[1:])


def _may_match(pattern: str, part: str) -> bool:
    return not _is_hidden(part) or pattern.startswith(part[0])


def _is_hidden(part: str) -> bool:
    return part.startswith(("_", "."))
