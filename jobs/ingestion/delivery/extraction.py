"""Extract the members of an archive that the manifest names, and nothing else.

The first bytes say whether it is zip or tar; tar may be compressed with gzip, bzip2 or zstd.
Everything is streamed: bytes are counted as they pass. The caller deletes the folder, also after an
error, so nothing reads a file that fails a check.
"""

import lzma
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Final, Protocol, cast

import pyarrow as pa

from jobs.ingestion.delivery import archives
from jobs.ingestion.delivery.names import matches, require_utf8
from jobs.runtime.errors import ArchiveError, BudgetError, NothingSentError

SUFFIXES: Final = (
    ".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.zst", ".tzst",
)  # fmt: skip
_COMPRESSIONS: Final = {b"\x1f\x8b": "gzip", b"BZh": "bz2", b"\x28\xb5\x2f\xfd": "zstd"}
_ENCRYPTED: Final = 0x1
_LINK: Final = "is a link or a device. Pack the file itself"
_LOCKED: Final = "is encrypted. Pack it without a password"
_LISTED: Final = 10  # members that an error names
_MAX_HEADER: Final = 1_000_000  # bytes before a member of a tar file; they are read at once
_DAMAGE: Final = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    lzma.LZMAError,
    UnicodeDecodeError,  # of a member's name
    EOFError,
    NotImplementedError,
    OSError,
)


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


@dataclass(frozen=True, slots=True)
class _Member:
    """A file in an archive. `refusal` says why it is not extracted; empty if it may be."""

    name: str
    refusal: str
    opened: Callable[[], IO[bytes]]


def extract(
    archive: Path, patterns: Sequence[str], into: Path, *, max_bytes: int
) -> dict[str, Path]:
    """Extract the members that match a pattern into the folder `into`.

    Returns:
        The new files by member name.

    Raises:
        NothingSentError: no member matches one of the patterns; the message lists the members.
        ArchiveError: the file is no archive, is truncated or corrupt, or a member that matches is
            a link, is encrypted, or has a path that leads out of the archive.
        BudgetError: the members are larger than `max_bytes`.
        UnreadableFileError: the archive, or a member that matches, has a name that is not UTF-8.
    """
    require_utf8(archive.name)
    listed: list[str] = []
    missing = set(patterns)
    files: dict[str, Path] = {}
    n_left = max_bytes
    try:
        with closing(_members(archive, max_bytes)) as members:
            for position, member in enumerate(members, 1):
                if position <= _LISTED + 1:
                    listed.append(member.name)
                missing -= {pattern for pattern in missing if matches(pattern, member.name)}
                if not any(matches(pattern, member.name) for pattern in patterns):
                    continue
                require_utf8(member.name)
                if member.refusal:
                    raise ArchiveError(
                        f"{archive.name}: {member.name} {member.refusal}. Nothing was kept"
                    )
                path = into / f"{position}{Path(member.name).suffix}"
                n_left -= _written(member, path, f"{archive.name}: {member.name}", n_left)
                files[member.name] = path
    except _DAMAGE as error:
        raise ArchiveError(
            f"{archive.name}: truncated or corrupt ({error}); nothing was kept. Download it again"
        ) from error
    _require_all(archive, [pattern for pattern in patterns if pattern in missing], listed)
    return files


def _written(member: _Member, path: Path, name: str, max_bytes: int) -> int:
    with member.opened() as source, path.open("wb") as file:
        return archives.copy(_chunks(source), file, name=name, max_bytes=max_bytes)


def _chunks(source: IO[bytes]) -> Iterator[bytes]:
    while chunk := source.read(archives.CHUNK):
        yield chunk


def _require_all(archive: Path, missing: Sequence[str], names: Sequence[str]) -> None:
    if missing:
        more = ", …" if len(names) > _LISTED else ""
        raise NothingSentError(
            f"{archive.name}: lacks {', '.join(missing)}; has {', '.join(names[:_LISTED])}{more}. "
            "Correct `file` in the manifest. Or is this the archive of another data set?"
        )


def _members(archive: Path, max_bytes: int) -> Generator[_Member, None, None]:
    with archive.open("rb") as file:
        first = file.read(512)
    if first.startswith(b"PK"):
        yield from _of_zip(archive)
        return
    compression = next((c for magic, c in _COMPRESSIONS.items() if first.startswith(magic)), None)
    if compression is None and first[257:262] != b"ustar":
        raise ArchiveError(
            f"{archive.name}: neither a zip nor a tar file (it begins with {first[:8]!r}); nothing "
            "was kept. Pack the files as zip or tar.gz"
        )
    yield from _of_tar(archive, compression, max_bytes)


def _of_zip(archive: Path) -> Generator[_Member, None, None]:
    with zipfile.ZipFile(archive) as opened:
        for info in opened.infolist():
            if not info.is_dir():
                is_link = stat.S_ISLNK(info.external_attr >> 16)
                refusal = _LINK if is_link else ""
                refusal = _LOCKED if info.flag_bits & _ENCRYPTED else refusal
                name = info.filename
                yield _Member(
                    name,
                    refusal or _escapes(name),
                    lambda info=info: opened.open(info),  # type: ignore[misc]
                )


def _of_tar(
    archive: Path, compression: str | None, max_bytes: int
) -> Generator[_Member, None, None]:
    raw = pa.OSFile(str(archive))
    stream = raw if compression is None else pa.CompressedInputStream(raw, compression)
    counted = _Counted(stream, archive.name, max_bytes)
    try:
        with raw, tarfile.open(fileobj=cast("IO[bytes]", counted), mode="r|") as opened:
            for info in opened:
                counted.allow_until(opened.offset)
                opened.members = []  # type: ignore[attr-defined] # very many would fill the memory
                if not info.isdir():
                    refusal = "" if info.isfile() else _LINK
                    name = info.name.removeprefix("./")
                    yield _Member(
                        name,
                        refusal or _escapes(name),
                        lambda info=info: _opened(opened, info),  # type: ignore[misc]
                    )
    except tarfile.ReadError as error:
        if compression is None:
            raise
        raise ArchiveError(
            f"{archive.name}: no tar file is in it, or it is cut short ({error}); nothing was "
            f"kept. A single compressed file needs no archive: put it into the inbox, and write "
            '`kind = "inbox"` in `[source]`'
        ) from error


def _opened(opened: tarfile.TarFile, info: tarfile.TarInfo) -> IO[bytes]:
    file = opened.extractfile(info)
    if file is None:  # only of members that are no files
        raise tarfile.ExtractError(info.name)
    return file


def _escapes(name: str) -> str:
    """Return the refusal of a path that is absolute or leads upwards; empty for others."""
    path = PurePosixPath(name.replace("\\", "/"))
    return (
        "has a path that leads out of the archive. Pack it with a relative path"
        if path.is_absolute() or ".." in path.parts
        else ""
    )


class _Counted:
    """A stream of unpacked bytes that raises an error at two limits.

    One limit is for all members of the archive together. The other is for the header of the next
    member, because `tarfile` reads a header at once, whatever size it states.
    """

    def __init__(self, stream: _Readable, name: str, max_bytes: int) -> None:
        self._stream = stream
        self._name = name
        self._n_read = 0
        self._max = max_bytes + archives.CHUNK  # headers and padding
        self._last = 0
        self.allow_until(0)

    def allow_until(self, offset: int) -> None:
        """Let the stream be read until the header of the member at the offset ends."""
        self._last = offset + _MAX_HEADER

    def read(self, size: int) -> bytes:
        chunk = self._stream.read(size)
        self._n_read += len(chunk)
        if self._n_read > self._max:
            raise BudgetError(
                f"{self._name}: unpacked, it is larger than the manifest's `max_mb`; nothing was "
                "kept. Raise `max_mb` if the data set really is that large"
            )
        if self._n_read > self._last:
            raise ArchiveError(
                f"{self._name}: a header in it is larger than {_MAX_HEADER / archives.MB:.0f} MB: "
                "it is damaged, or made to fill the memory; nothing was kept. Pack the files again"
            )
        return chunk
