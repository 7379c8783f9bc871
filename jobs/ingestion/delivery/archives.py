"""Download an archive, compare its digest with the manifest's, and copy bytes up to a limit."""

import hashlib
import logging
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import IO

import httpx2

from jobs.runtime.errors import BudgetError, ChecksumError, UnreachableError
from jobs.runtime.logs import event
from warehouse.datasets import Dataset
from warehouse.manifests.sources import Source

log = logging.getLogger(__name__)

MB = 1_000_000
CHUNK = 1 << 20
_TIMEOUT = httpx2.Timeout(30, connect=10)


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
            copy(response.iter_bytes(CHUNK), file, name=url, max_bytes=max_bytes)
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
    """Return a sentence on the digest that differs from the manifest's; None if none differs."""
    for name in ("sha256", "md5"):
        expected = getattr(source, name)
        if expected is not None and (actual := digest(archive, name)) != expected:
            return f"{name} is {actual}, the manifest states {expected}"
    return None


def copy(chunks: Iterator[bytes], file: IO[bytes], *, name: str, max_bytes: int) -> int:
    """Write the chunks, and return their size.

    Raises:
        BudgetError: together the chunks are larger than `max_bytes`.
    """
    n_bytes = 0
    for chunk in chunks:
        n_bytes += len(chunk)
        if n_bytes > max_bytes:
            raise BudgetError(
                f"{name}: larger than the {max_bytes / MB:.0f} MB left of the manifest's `max_mb`; "
                "nothing was kept. Raise `max_mb` if the data set really is that large"
            )
        file.write(chunk)
    return n_bytes
