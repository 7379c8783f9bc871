"""Fetch an archive from its publisher, and take the expected files out of it; nothing else.

Everything is streamed: bytes are counted and digested as they pass, and a file that breaks a rule
is gone before anybody could read it.
"""

import hashlib
import logging
import stat
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
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
from warehouse.datasets import Dataset
from warehouse.sources import Source

log = logging.getLogger(__name__)

MB = 1_000_000
_CHUNK = 1 << 20
_TIMEOUT = httpx2.Timeout(30, connect=10)
_LOCKED = 0x1


@dataclass(frozen=True, slots=True)
class Member:
    """A file that was taken out of an archive."""

    name: str
    path: Path
    sha256: str


@dataclass(frozen=True, slots=True)
class Digests:
    """What a file's bytes come to."""

    md5: str
    sha256: str

    def differ_from(self, source: Source) -> str | None:
        """Return the pinned and the found digest if they differ, else nothing."""
        pairs = (("sha256", source.sha256, self.sha256), ("md5", source.md5, self.md5))
        for name, pinned, found in pairs:
            if pinned is not None and pinned != found:
                return f"{name} is {found}, the manifest pins {pinned}"
        return None


def download(dataset: Dataset, into: Path, *, next_step: str) -> Path:
    """Return the publisher's archive, as a file in the folder `into`.

    Raises:
        UnreachableError: there is no answer, or not the archive.
        ChecksumError: it is not the one that the manifest pins.
        BudgetError: it is larger than what the manifest allows unpacked.
    """
    url = str(dataset.source.url)
    target = into / (url.rsplit("/", 1)[-1] or "archive.zip")
    log.info("downloading url=%s", url)
    try:
        with (
            httpx2.stream("GET", url, timeout=_TIMEOUT, follow_redirects=True) as answer,
            target.open("wb") as file,
        ):
            answer.raise_for_status()
            digests = _copy(answer.iter_bytes(_CHUNK), file, url, dataset.source.max_mb * MB)
    except httpx2.HTTPError as error:
        target.unlink(missing_ok=True)
        raise UnreachableError(f"{dataset.name}: {url}: {error}. {next_step}") from error
    except BudgetError:
        target.unlink()
        raise
    difference = digests.differ_from(dataset.source)
    if difference:
        target.unlink()
        raise ChecksumError(f"{dataset.name}: {url}: {difference}; nothing was kept. {next_step}")
    return target


def digests_of(path: Path) -> Digests:
    """Return the digests of a local file."""
    with path.open("rb") as file:
        md5, sha256 = hashlib.md5(usedforsecurity=False), hashlib.sha256()
        while chunk := file.read(_CHUNK):
            md5.update(chunk)
            sha256.update(chunk)
    return Digests(md5.hexdigest(), sha256.hexdigest())


def extract(archive: Path, names: Sequence[str], into: Path, *, max_bytes: int) -> list[Member]:
    """Return the members of these names, written to `into` under names of our own.

    Raises:
        NothingSentError: the archive lacks one; the message lists what it holds.
        ArchiveError: it is cut short, corrupt, locked, or one of them is a link.
        BudgetError: together they are larger than `max_bytes`.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            _must_hold(opened, names, archive)
            return list(_members(opened, names, into, max_bytes))
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError) as error:
        raise ArchiveError(
            f"{archive.name}: cut short or corrupt ({error}); nothing was kept. Fetch it again"
        ) from error


def _members(
    opened: zipfile.ZipFile, names: Sequence[str], into: Path, max_bytes: int
) -> Iterator[Member]:
    left = max_bytes
    for number, name in enumerate(names):
        info = opened.getinfo(name)
        if stat.S_ISLNK(info.external_attr >> 16) or info.flag_bits & _LOCKED:
            raise ArchiveError(
                f"{opened.filename}: {name} is a link or locked with a password; nothing was kept"
            )
        path = into / f"{number}{Path(name).suffix}"
        with opened.open(info) as source, path.open("wb") as file:
            chunks = iter(lambda source=source: source.read(_CHUNK), b"")  # type: ignore[misc]
            digests = _copy(chunks, file, f"{opened.filename}: {name}", left)
        left -= path.stat().st_size
        yield Member(name, path, digests.sha256)


def _must_hold(opened: zipfile.ZipFile, names: Sequence[str], archive: Path) -> None:
    there = opened.namelist()
    missing = [name for name in names if name not in there]
    if missing:
        raise NothingSentError(
            f"{archive.name}: holds no {', '.join(missing)} but {', '.join(there[:10])}. Is this "
            "the archive of this data set?"
        )


def _copy(chunks: Iterator[bytes], file: IO[bytes], name: str, max_bytes: int) -> Digests:
    """Write the chunks until they end or exceed the budget; return their digests."""
    md5, sha256, n_bytes = hashlib.md5(usedforsecurity=False), hashlib.sha256(), 0
    for chunk in chunks:
        n_bytes += len(chunk)
        if n_bytes > max_bytes:
            raise BudgetError(
                f"{name}: more than the {max_bytes / MB:.0f} MB left of the manifest's `max_mb`; "
                "nothing was kept. Raise `max_mb` if the data set is really that large"
            )
        md5.update(chunk)
        sha256.update(chunk)
        file.write(chunk)
    return Digests(md5.hexdigest(), sha256.hexdigest())
