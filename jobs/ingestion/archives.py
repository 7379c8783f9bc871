"""Download an archive, and extract the files that the manifest names; nothing else.

Everything is streamed: bytes are counted as they pass. The caller deletes the folder, also after an
error, so nothing reads a file that fails a check.
"""

import hashlib
import logging
import stat
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import IO

import httpx2

from jobs.runtime.errors import (
    ArchiveError,
    BudgetError,
    ChecksumError,
    NothingSentError,
    UnreachableError,
)
from jobs.runtime.logs import event
from warehouse.datasets import Dataset
from warehouse.sources import Source

log = logging.getLogger(__name__)

MB = 1_000_000
_CHUNK = 1 << 20
_TIMEOUT = httpx2.Timeout(30, connect=10)
_ENCRYPTED = 0x1


def download(dataset: Dataset, into: Path, *, next_step: str) -> Path:
    """Return the publisher's archive, as a file in the folder `into`.

    Raises:
        UnreachableError: the publisher does not answer, or answers with an error.
        ChecksumError: the archive's digest is not the manifest's.
        BudgetError: the archive is larger than the manifest allows.
    """
    url = str(dataset.source.url)
    target = into / (url.rsplit("/", 1)[-1] or "archive.zip")
    log.info(event("downloading", url=url))
    try:
        with (
            httpx2.stream("GET", url, timeout=_TIMEOUT, follow_redirects=True) as response,
            target.open("wb") as file,
        ):
            response.raise_for_status()
            max_bytes = dataset.source.max_mb * MB
            _copy(response.iter_bytes(_CHUNK), file, name=url, max_bytes=max_bytes)
    except httpx2.HTTPError as error:
        raise UnreachableError(f"{dataset.name}: {url}: {error}. {next_step}") from error
    if differs := difference(target, dataset.source):
        raise ChecksumError(f"{dataset.name}: {url}: {differs}; nothing was kept. {next_step}")
    return target


def digest(path: Path, name: str = "sha256") -> str:
    """Return the file's SHA-256 or, if `name` says so, MD5 in hex digits."""
    new = partial(hashlib.new, name, usedforsecurity=False)
    with path.open("rb") as file:
        return hashlib.file_digest(file, new).hexdigest()


def difference(archive: Path, source: Source) -> str | None:
    """Return the digest that differs from the manifest's, and both values; None if none does."""
    for name in ("sha256", "md5"):
        expected = getattr(source, name)
        if expected is not None and (actual := digest(archive, name)) != expected:
            return f"{name} is {actual}, the manifest states {expected}"
    return None


def extract(archive: Path, names: Sequence[str], into: Path, *, max_bytes: int) -> dict[str, Path]:
    """Extract the named members into the folder `into`; return the new files by member name.

    Raises:
        NothingSentError: the archive lacks one of them; the message lists its members.
        ArchiveError: the archive is truncated or corrupt, or a member is encrypted or a link.
        BudgetError: together the members are larger than `max_bytes`.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            members = opened.namelist()
            if missing := [name for name in names if name not in members]:
                raise NothingSentError(
                    f"{archive.name}: lacks {', '.join(missing)}; has {', '.join(members[:10])}. "
                    "Is this the archive of this data set?"
                )
            return dict(_members(opened, names, into, max_bytes))
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError) as error:
        raise ArchiveError(
            f"{archive.name}: truncated or corrupt ({error}); nothing was kept. Download it again"
        ) from error


def _members(
    opened: zipfile.ZipFile, names: Sequence[str], into: Path, max_bytes: int
) -> Iterator[tuple[str, Path]]:
    left = max_bytes
    for number, name in enumerate(names):
        info = opened.getinfo(name)
        if stat.S_ISLNK(info.external_attr >> 16) or info.flag_bits & _ENCRYPTED:
            raise ArchiveError(
                f"{opened.filename}: {name} is a link or encrypted; nothing was kept"
            )
        path = into / f"{number}{Path(name).suffix}"
        with opened.open(info) as source, path.open("wb") as file:
            chunks = iter(lambda source=source: source.read(_CHUNK), b"")  # type: ignore[misc]
            _copy(chunks, file, name=f"{opened.filename}: {name}", max_bytes=left)
        left -= path.stat().st_size
        yield name, path


def _copy(chunks: Iterator[bytes], file: IO[bytes], *, name: str, max_bytes: int) -> None:
    """Write the chunks, and stop when they exceed the limit."""
    n_bytes = 0
    for chunk in chunks:
        n_bytes += len(chunk)
        if n_bytes > max_bytes:
            raise BudgetError(
                f"{name}: larger than the {max_bytes / MB:.0f} MB left of the manifest's `max_mb`; "
                "nothing was kept. Raise `max_mb` if the data set really is that large"
            )
        file.write(chunk)
