"""Find the files that the manifest names in a local folder; raise if one cannot be read."""

import difflib
import fnmatch
import logging
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from jobs.ingestion.delivery.names import is_note, is_pattern, matches, require_utf8
from jobs.runtime.errors import NothingSentError, UnreadableFileError

log = logging.getLogger(__name__)

_MAX_NAMED = 10  # files in an error


def files(folder: Path, pattern: str) -> Iterator[tuple[str, Path]]:
    """Yield the name and the path of each file that matches, ordered by name.

    Raises:
        UnreadableFileError: one that matches is a folder or a link to nothing, has a name that is
            not UTF-8, or may not be read.
        NothingSentError: one that matches is a link that leads out of the folder.
    """
    if folder.is_dir() and not os.access(folder, os.R_OK | os.X_OK):
        raise UnreadableFileError(f"{folder}: may not be read: run `chmod a+rx {folder}`")
    for path in _paths(folder, pattern):
        name = path.relative_to(folder).as_posix()
        if not matches(pattern, name):
            log.warning("%s: skipped, as its name begins with _ or .: rename it to land it", name)
        elif path.is_dir() and "." not in pattern.rsplit("/", 1)[-1]:
            continue  # `*` matches folders too; one that matches `*.csv` is a mistake
        else:
            _require_readable(name, path, folder)
            yield name, path


def unmatched(folder: Path, patterns: Sequence[str]) -> list[str]:
    """Return the names of files that match none of the patterns, without notes such as README.

    Files are looked for in the folder itself and in those of the patterns: others may have any.
    """
    parents = {"", *(f"{p.rpartition('/')[0]}/" for p in patterns if "/" in p)}
    paths = {path for parent in parents for path in folder.glob(f"{parent}*") if path.is_file()}
    names = sorted(path.relative_to(folder).as_posix() for path in paths)
    data = [name for name in names if not any(map(is_note, name.split("/")))]
    return [name for name in data if not any(matches(pattern, name) for pattern in patterns)]


def require_inside(path: Path, folder: Path) -> Path:
    """Return the path.

    Raises:
        NothingSentError: the path is a link that leads out of the folder.
    """
    if not path.resolve().is_relative_to(folder.resolve()):
        raise NothingSentError(
            f"{path}: a link that leads out of {folder}; it was not read. Copy the file instead"
        )
    return path


def alternatives(folder: Path, pattern: str) -> str:
    """Return a hint at the files that the folder has, as none matches the pattern."""
    paths = (
        (path for path in sorted(folder.rglob("*")) if path.is_file()) if folder.is_dir() else ()
    )
    names = [path.relative_to(folder).as_posix() for path in paths]
    if not names:
        return f"{folder} has no file"
    skipped = [n for n in names if fnmatch.fnmatchcase(n, pattern) and not matches(pattern, n)]
    if skipped:
        return f"{skipped[0]} is skipped, as its name begins with _ or .: rename it"
    if near := difflib.get_close_matches(pattern, names, n=1):
        return f"did you mean {near[0]}?"
    more = ", …" if len(names) > _MAX_NAMED else ""
    return f"{folder} has {', '.join(names[:_MAX_NAMED])}{more}"


def _paths(folder: Path, pattern: str) -> list[Path]:
    literal = folder / pattern
    if os.path.lexists(literal):
        return [literal]
    return sorted(folder.glob(pattern)) if is_pattern(pattern) else []


def _require_readable(name: str, path: Path, folder: Path) -> None:
    require_utf8(name)
    if path.is_symlink() and not path.exists():
        raise UnreadableFileError(
            f"{name}: a link to {path.readlink()}, which does not exist. Copy the file instead"
        )
    require_inside(path, folder)
    if path.is_dir():
        raise UnreadableFileError(
            f'{name}: a folder, not a file. For the files in it write `file = "{name}/*"`'
        )
    if not path.is_file():
        raise UnreadableFileError(
            f"{name}: a pipe or a device, not a file. Copy the data to a file"
        )
    if not os.access(path, os.R_OK):
        raise UnreadableFileError(f"{name}: may not be read: run `chmod a+r {path}`")
