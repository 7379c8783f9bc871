"""The folder of a data set's files: names that are allowed, and files that are added to it.

A file appears in the folder as a whole, for the app's own user only, and never over another one.
"""

import os
import re
import shutil
import tempfile
import time
import unicodedata
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

# letters, digits, and the marks that names of exports have; the first is a letter or a digit
_NAME = re.compile(r"[^\W_][\w .()+=,@-]{0,199}")
_WILDCARD = re.compile(r"[*?\[]")
_STAGING = ".uploads"  # hidden: no pattern of a manifest matches it
_STALE_SECONDS = 24 * 3600


class UploadRefusedError(Exception):
    """The file cannot be taken: the message says why, and what to do."""


def folders(name: str, patterns: Collection[str]) -> list[str]:
    """Return the folders of the inbox in which a manifest's patterns describe such a file.

    The inbox itself is "". Folders with wildcards are left out.
    """
    paths = [PurePosixPath(pattern) for pattern in patterns]
    fitting = {str(path.parent) for path in paths if fnmatchcase(name, path.name)}
    return sorted("" if each == "." else each for each in fitting if not _WILDCARD.search(each))


def checked_name(name: str) -> str:
    """Return the name that the file gets, given the one that the browser sent.

    Raises:
        UploadRefusedError: it is a path, hidden, or has other characters.
    """
    normal = unicodedata.normalize("NFC", name)
    if not _NAME.fullmatch(normal) or ".." in normal or normal.endswith((" ", ".")):
        raise UploadRefusedError(
            "This name is not allowed. Use letters, digits and . _ - ( ) + = , @, begin with a "
            "letter or a digit, and leave out folders."
        )
    return normal


def require_new(inbox: Path, name: str, landed: Collection[str]) -> None:
    """Check that no file has the name, which is a path below the inbox.

    Raises:
        UploadRefusedError: it is in the inbox, or in `landed`, the names of landed files.
    """
    if name in landed or os.path.lexists(inbox / name):
        raise UploadRefusedError(
            "A file of this name is in the inbox or was landed before. Rename the file: rows in "
            "quarantine are named by their file."
        )


@contextmanager
def staged(inbox: Path, content: bytes) -> Iterator[Path]:
    """Yield a hidden file with this content, which is deleted afterwards.

    Raises:
        UploadRefusedError: the inbox cannot be written.
    """
    try:
        staging = inbox / _STAGING
        staging.mkdir(mode=0o700, parents=True, exist_ok=True)
        _sweep(staging)
        own = Path(tempfile.mkdtemp(dir=staging))  # mode 0700
    except OSError as error:
        raise UploadRefusedError(f"The inbox cannot be written: {error.strerror}.") from error
    try:
        yield _written(own / "file", content)
    finally:
        shutil.rmtree(own, ignore_errors=True)


def take(inbox: Path, name: str, content: bytes, *, approve: Callable[[], None]) -> None:
    """Add a file to the inbox, after `approve` has returned. `name` is a path below the inbox.

    Raises:
        UploadRefusedError: the inbox has such a file, or cannot be written.
    """
    with staged(inbox, content) as path:
        require_new(inbox, name, ())
        approve()
        try:
            (inbox / name).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.link(path, inbox / name)  # unlike a renaming, it replaces no other file
        except FileExistsError as error:
            raise UploadRefusedError("A file of this name has been added meanwhile.") from error
        except OSError as error:
            raise UploadRefusedError(
                "The file was not added, although the activity log has the upload: "
                f"{error.strerror}."
            ) from error


def _written(path: Path, content: bytes) -> Path:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(descriptor)
    except OSError as error:
        raise UploadRefusedError(f"The inbox cannot be written: {error.strerror}.") from error
    return path


def _sweep(staging: Path) -> None:
    """Remove what a killed process left more than a day ago."""
    for path in staging.iterdir():
        with suppress(FileNotFoundError):  # its own process has removed it meanwhile
            if time.time() - path.stat().st_mtime > _STALE_SECONDS:
                shutil.rmtree(path, ignore_errors=True)
