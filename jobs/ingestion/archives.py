"""Download an archive, and extract the files that the manifest names; nothing else.

Everything is streamed: bytes are counted and hashed as they pass. The caller deletes the folder,
also after an error, so nothing reads a file that fails a check.
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
from jobs.runtime.logs import event
from warehouse.datasets import Dataset
from warehouse.sources import Source

log = logging.getLogger(__name__)

MB = 1_000_000
_CHUNK = 1 << 20
_TIMEOUT = httpx2.Timeout(30, connect=10)
_ENCRYPTED = 0x1


@dataclass(frozen=True, slots=True)
class Member:
    """A file that was extracted from an archive."""

    name: str
    path: Path
    sha256: str


class Digests:
    """The digests of a stream: SHA-256, and MD5 if the manifest states one."""

    def __init__(self, source: Source | None = None) -> None:
        """Begin with no byte; `source` states the expected digests."""
        self._source = source
        self._hashes = {"sha256": hashlib.sha256()}
        if source is not None and source.md5 is not None:
            self._hashes["md5"] = hashlib.md5(usedforsecurity=False)

    def update(self, chunk: bytes) -> None:
        """Add the next bytes."""
        for digest in self._hashes.values():
            digest.update(chunk)

    @property
    def sha256(self) -> str:
        """The SHA-256 so far, in hex digits."""
        return self._hashes["sha256"].hexdigest()

    def difference(self) -> str | None:
        """Return the expected and the actual digest if they differ, else None."""
        for name, digest in self._hashes.items():
            expected, actual = getattr(self._source, name, None), digest.hexdigest()
            if expected not in (None, actual):
                return f"{name} is {actual}, the manifest states {expected}"
        return None


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
            chunks, digests = response.iter_bytes(_CHUNK), Digests(dataset.source)
            _copy(chunks, file, digests, name=url, max_bytes=dataset.source.max_mb * MB)
    except httpx2.HTTPError as error:
        raise UnreachableError(f"{dataset.name}: {url}: {error}. {next_step}") from error
    if difference := digests.difference():
        raise ChecksumError(f"{dataset.name}: {url}: {difference}; nothing was kept. {next_step}")
    return target


def digests_of(path: Path, source: Source | None = None) -> Digests:
    """Return the digests of a local file."""
    digests = Digests(source)
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digests.update(chunk)
    return digests


def extract(archive: Path, names: Sequence[str], into: Path, *, max_bytes: int) -> list[Member]:
    """Extract the named members into the folder `into`, under new names, and return them.

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
                    f"{archive.name}: has no {', '.join(missing)} but {', '.join(members[:10])}. "
                    "Is this the archive of this data set?"
                )
            return list(_members(opened, names, into, max_bytes))
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError) as error:
        raise ArchiveError(
            f"{archive.name}: truncated or corrupt ({error}); nothing was kept. Download it again"
        ) from error


def _members(
    opened: zipfile.ZipFile, names: Sequence[str], into: Path, max_bytes: int
) -> Iterator[Member]:
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
            label, digests = f"{opened.filename}: {name}", Digests()
            _copy(chunks, file, digests, name=label, max_bytes=left)
        left -= path.stat().st_size
        yield Member(name, path, digests.sha256)


def _copy(
    chunks: Iterator[bytes], file: IO[bytes], digests: Digests, *, name: str, max_bytes: int
) -> None:
    """Write the chunks, and stop when they exceed the limit."""
    n_bytes = 0
    for chunk in chunks:
        n_bytes += len(chunk)
        if n_bytes > max_bytes:
            raise BudgetError(
                f"{name}: larger than the {max_bytes / MB:.0f} MB left of the manifest's `max_mb`; "
                "nothing was kept. Raise `max_mb` if the data set really is that large"
            )
        digests.update(chunk)
        file.write(chunk)
