"""Download an archive, compare its digest with the manifest's, and copy bytes up to a limit."""

import hashlib
import ipaddress
import logging
import socket
from collections.abc import Iterator
from contextlib import contextmanager
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
MAX_REDIRECTS = 5
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
    max_bytes = dataset.source.max_mb * MB
    try:
        with (
            httpx2.Client(timeout=_TIMEOUT) as http,
            _following_redirects(http, url) as response,
            target.open("wb") as file,
        ):
            response.raise_for_status()
            copy(response.iter_bytes(CHUNK), file, name=url, max_bytes=max_bytes)
    except httpx2.HTTPError as error:
        raise UnreachableError(f"{dataset.name}: {url}: {error}. {next_step}") from error
    if differs := difference(target, dataset.source):
        raise ChecksumError(f"{dataset.name}: {url}: {differs}; nothing was kept. {next_step}")
    return target


@contextmanager
def _following_redirects(http: httpx2.Client, url: str) -> Iterator[httpx2.Response]:
    """Yield the response, after redirects to public addresses with https only.

    Raises:
        UnreachableError: a redirect leads elsewhere.
        TooManyRedirects: there are more than `MAX_REDIRECTS`.
    """
    request = http.build_request("GET", url)
    for _ in range(MAX_REDIRECTS + 1):
        response = http.send(request, stream=True)
        try:
            if response.next_request is None:
                yield response
                return
        finally:
            response.close()
        request = response.next_request
        if request.url.scheme != "https" or not is_public(request.url.host):
            raise UnreachableError(
                f"{url}: redirected to {request.url.scheme}://{request.url.host}, which is not a "
                "public address with https. Correct `url` in the manifest"
            )
    raise httpx2.TooManyRedirects("too many redirects", request=request)


def is_public(host: str) -> bool:
    """Return whether all addresses of a host are public, as far as they are known here."""
    try:
        addresses = socket.getaddrinfo(host, None)
    except OSError:  # a proxy resolves it
        return True
    return all(
        ipaddress.ip_address(str(address[0]).partition("%")[0]).is_global
        for *_, address in addresses
    )


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
