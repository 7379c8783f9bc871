"""The file of a backup: a tar, written and read as a stream.

Its last member, `backup.json`, says what the backup is of, and has the digest of each other member.
A backup that was interrupted does not have it.
"""

import hashlib
import io
import json
import os
import shutil
import tarfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO, Self

from pydantic import TypeAdapter

from ops.errors import OpsError

FORMAT = 1
LAST = "backup.json"
_BLOCK = 1024 * 1024


class BackupError(OpsError):
    """A backup cannot be written or read. The message ends with the next step."""


@dataclass
class About:
    """What a backup is of. `digests` are SHA-256 by the member's name."""

    made_at: str  # ISO 8601, UTC
    postgres: int  # major version
    versions: dict[str, int]  # Delta version by the table's folder in the lake
    format: int = FORMAT
    digests: dict[str, str] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: bytes) -> Self:
        """Return what `backup.json` says.

        Raises:
            BackupError: another version of Lantern wrote it, or it cannot be read.
        """
        try:
            stated = json.loads(text)["format"]
            if stated != FORMAT:
                raise BackupError(
                    f"the backup has format {stated}, this Lantern reads {FORMAT}. Restore it with "
                    "the version of Lantern that wrote it"
                )
            return TypeAdapter(cls).validate_json(text)
        except (ValueError, LookupError, TypeError, RecursionError) as error:
            raise BackupError(f"{LAST} of the backup cannot be read. Use another backup") from error


class Writer:
    """Adds members to a backup. `digests` has the SHA-256 of each by its name."""

    def __init__(self, tar: tarfile.TarFile) -> None:
        self._tar, self.digests = tar, dict[str, str]()

    def add(self, name: str, file: Path) -> None:
        """Add a file. What is appended to it meanwhile is not in the backup.

        Raises:
            FileNotFoundError: the file does not exist, and nothing was added.
        """
        with file.open("rb") as stream:
            self._add(name, stream, os.fstat(stream.fileno()).st_size)

    def add_bytes(self, name: str, content: bytes) -> None:
        """Add a member with this content."""
        self._add(name, io.BytesIO(content), len(content))

    def _add(self, name: str, stream: IO[bytes], size: int) -> None:
        info, hashed = tarfile.TarInfo(name), _Hashed(stream)
        info.size, info.mtime, info.mode = size, int(time.time()), 0o600
        self._tar.addfile(info, hashed)
        self.digests[name] = hashed.digest.hexdigest()


class _Hashed:
    """A stream that hashes what is read from it."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream, self.digest = stream, hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        content = self._stream.read(size)
        self.digest.update(content)
        return content


@contextmanager
def written(file: Path) -> Iterator[Writer]:
    """Yield the writer of a new backup. The file gets its name when the block ends.

    Only its owner can read the file. If the block fails, the file is deleted.

    Raises:
        BackupError: the file exists, or its folder does not.
    """
    if file.exists():
        raise BackupError(f"{file} exists. Name another file, or delete it")
    if not file.parent.is_dir():
        raise BackupError(f"there is no folder {file.parent}. Create it, or name another one")
    unfinished = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        with (
            os.fdopen(
                os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb"
            ) as raw,
            tarfile.open(fileobj=raw, mode="w|", format=tarfile.PAX_FORMAT) as tar,
        ):
            yield Writer(tar)
        unfinished.replace(file)
    finally:
        unfinished.unlink(missing_ok=True)


def finish(writer: Writer, about: About) -> None:
    """Add the last member, `backup.json`."""
    about.digests = writer.digests
    writer.add_bytes(LAST, json.dumps(asdict(about), indent=1).encode())


def extract(file: Path, folder: Path) -> About:
    """Extract all members into an empty folder, and return what the backup is.

    Raises:
        BackupError: it is no backup, is incomplete, or a member is not as it was written.
    """
    digests: dict[str, str] = {}
    try:
        with tarfile.open(file, mode="r|") as tar:
            for member in tar:
                digests[member.name] = _extract(tar, member, folder)
    except (tarfile.TarError, EOFError) as error:
        raise BackupError(f"{file} is damaged or no backup: {error}. Use another one") from error
    if digests.pop(LAST, None) is None:
        raise BackupError(f"{file} has no {LAST}: it is incomplete or no backup. Use another one")
    about = About.parse((folder / LAST).read_bytes())
    names = about.digests | digests
    wrong = [name for name in names if digests.get(name) != about.digests.get(name)]
    if wrong:
        raise BackupError(
            f"{file} is damaged: {len(wrong)} of {len(about.digests)} members are not as they were "
            f"written, the first is {wrong[0]}. Use another backup"
        )
    return about


def _extract(tar: tarfile.TarFile, member: tarfile.TarInfo, folder: Path) -> str:
    """Write a member's file and return its SHA-256."""
    path = PurePosixPath(member.name)
    target = folder / path
    is_plain = member.isreg() and not member.issparse()  # a sparse one of 10 KB may fill the disk
    stream = tar.extractfile(member) if is_plain else None
    is_inside = not path.is_absolute() and ".." not in path.parts
    if stream is None or not is_inside or _is_taken(target, folder):
        raise BackupError(f"the backup has a member {member.name!r} that Lantern does not write")
    hashed = _Hashed(stream)
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with target.open("xb") as output:
        shutil.copyfileobj(hashed, output, _BLOCK)
    target.chmod(0o600)
    return hashed.digest.hexdigest()


def _is_taken(target: Path, folder: Path) -> bool:
    """Return whether an earlier member has this path, or is a file where it has a folder."""
    parents = target.relative_to(folder).parents
    return target.exists() or any((folder / parent).is_file() for parent in parents)
