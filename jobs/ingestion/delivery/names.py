"""Names of files in a folder or an archive, and the manifest's patterns that they match.

`*`, `?` and `[…]` match within one folder, as in a shell; `**` matches any number of folders. They
do not match names that begin with `_` or `.`, such as `_SUCCESS` and `.ratings.csv.part`: these
are files of programs, unless the pattern begins so too. A name that is written in the manifest
letter by letter always matches.
"""

import fnmatch
import re
from collections.abc import Sequence

_WILDCARDS = re.compile(r"[*?\[]")


def is_pattern(text: str) -> bool:
    """Whether the text may match more than one name."""
    return _WILDCARDS.search(text) is not None


def matches(pattern: str, name: str) -> bool:
    """Whether the path `name` matches the pattern."""
    return pattern == name or _matches(pattern.split("/"), name.split("/"))


def _matches(patterns: Sequence[str], parts: Sequence[str]) -> bool:
    if not patterns or not parts:
        return not patterns and not parts
    if patterns[0] == "**":
        skips_one = not _is_hidden(parts[0]) and _matches(patterns, parts[1:])
        return skips_one or _matches(patterns[1:], parts)
    is_meant = not _is_hidden(parts[0]) or patterns[0].startswith(parts[0][0])
    fits = is_meant and fnmatch.fnmatchcase(parts[0], patterns[0])
    return fits and _matches(patterns[1:], parts[1:])


def _is_hidden(part: str) -> bool:
    return part.startswith(("_", "."))
