"""Find the files that a data set's source delivers: an archive, a folder, an inbox.

Only files that the manifest names are looked at, never a link that leads elsewhere.
"""

import hashlib
import logging
import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeVar

from jobs.ingestion import archives, hadoop
from jobs.runtime.errors import NothingSentError
from warehouse.datasets import Dataset
from warehouse.sources import Files

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

log = logging.getLogger(__name__)

_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:/")  # Hadoop writes `file:/folder`
Target = Literal["items", "users", "ratings"]
TARGETS: tuple[Target, ...] = ("items", "users", "ratings")
_STALE_S = 24 * 3600

P = TypeVar("P")


@dataclass(frozen=True, slots=True)
class SentFile:
    """A file of the source. `path` is where Spark reads it, `name` what people call it."""

    target: Target
    name: str
    path: str
    sha256: str

    @property
    def landing_id(self) -> str:
        """The same for the same bytes."""
        return f"{self.sha256[:16]}-{self.target}"

    @property
    def is_local(self) -> bool:
        """Whether this process can open it."""
        return _SCHEME.match(self.path) is None


def parts(dataset: Dataset) -> dict[Target, Files]:
    """Return the manifest's kinds of files: what is described comes before what refers to it."""
    named: dict[Target, Files | None] = {
        "items": dataset.items,
        "users": dataset.users,
        "ratings": dataset.ratings,
    }
    return {target: part for target, part in named.items() if part is not None}


@contextmanager
def delivered(
    dataset: Dataset, inbox: Path, root: str, spark: "SparkSession | None" = None
) -> Iterator[list[SentFile]]:
    """Yield the files that the source holds now; what had to be unpacked goes at the end.

    Args:
        dataset: whose source is looked at.
        inbox: the data set's own folder of files handed over.
        root: of the data set's tables; an archive is unpacked beneath it, so that every executor
            can read it.
        spark: opens object stores. Without it only local files are seen.

    Raises:
        NothingSentError: none of the files is there; the message says where they belong.
        JobError: as `archives.download` and `archives.extract`.
    """
    if dataset.source.kind == "archive":
        with _staging(root, spark) as staging:
            yield _from_archive(dataset, inbox, staging)
        return
    folder = str(dataset.source.url if dataset.source.kind == "folder" else inbox)
    files = list(_remote(dataset, folder, spark) if "://" in folder else _local(dataset, folder))
    if not files:
        patterns = ", ".join(part.file for part in parts(dataset).values())
        raise NothingSentError(f"{dataset.name}: no file in {folder} fits {patterns}. Put it there")
    yield files


def handed_over(dataset: Dataset, inbox: Path) -> Path | None:
    """Return the archive in the inbox: the one with the publisher's name, else the newest."""
    named = inbox / str(dataset.source.url).rsplit("/", 1)[-1]
    if dataset.source.url and named.is_file():
        return _inside(named, inbox)
    found = sorted(inbox.glob("*.zip"), key=lambda path: (path.stat().st_mtime, path.name))
    return _inside(found[-1], inbox) if found else None


def _from_archive(dataset: Dataset, inbox: Path, staging: "_Staging") -> list[SentFile]:
    archive = _archive(dataset, inbox, staging.local)
    by_name = {part.file: target for target, part in parts(dataset).items()}
    budget = dataset.source.max_mb * archives.MB
    members = archives.extract(archive, list(by_name), staging.local, max_bytes=budget)
    return [
        SentFile(by_name[member.name], member.name, staging.readable(member.path), member.sha256)
        for member in members
    ]


def _archive(dataset: Dataset, inbox: Path, staging: Path) -> Path:
    next_step = f"Hand the archive over: `make demo ARCHIVE=…`, or copy it into {inbox}"
    archive = handed_over(dataset, inbox)
    if archive is not None:
        digests = archives.digests_of(archive)
        difference = digests.differ_from(dataset.source)
        note = f" (differs from the publisher's: {difference})" if difference else ""
        log.info("taking archive=%s sha256=%s%s", archive, digests.sha256, note)
        return archive
    if dataset.source.url is None:
        raise NothingSentError(f"{dataset.name}: no archive in {inbox}. {next_step}")
    fetched = archives.download(dataset, staging, next_step=next_step)
    if dataset.source.md5 or dataset.source.sha256:  # it cannot change: fetch it once
        inbox.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(fetched, inbox / f".{fetched.name}")
        (inbox / f".{fetched.name}").replace(inbox / fetched.name)
    return fetched


def _local(dataset: Dataset, folder: str) -> Iterator[SentFile]:
    base = Path(folder)
    for target, part in parts(dataset).items():
        found = [path for path in sorted(base.glob(part.file)) if _is_sent(path)]
        known = [(path, archives.digests_of(_inside(path, base)).sha256) for path in found]
        for path, sha256 in _deliveries(dataset, known):
            yield SentFile(target, path.relative_to(base).as_posix(), str(path.resolve()), sha256)


def _remote(dataset: Dataset, folder: str, spark: "SparkSession | None") -> Iterator[SentFile]:
    if spark is None:
        return
    base = folder.rstrip("/")
    for target, part in parts(dataset).items():
        found = hadoop.listed(spark, f"{base}/{part.file}")
        known = [(path, _digest(f"{path} {size} {at}")) for path, size, at in found]
        for path, sha256 in _deliveries(dataset, known):
            yield SentFile(target, path.rsplit("/", 1)[-1], path, sha256)


def _deliveries(dataset: Dataset, known: list[tuple[P, str]]) -> list[tuple[P, str]]:
    """Return files and digests as deliveries: a file is one, but the files of a snapshot are.

    Of two increments with the same bytes only the first stays.
    """
    if dataset.source.delivery == "snapshots":
        whole = _digest("\n".join(sha256 for _, sha256 in known))
        return [(path, whole if len(known) > 1 else sha256) for path, sha256 in known]
    first: dict[str, P] = {}
    for path, sha256 in known:
        first.setdefault(sha256, path)
    return [(path, sha256) for sha256, path in first.items()]


@dataclass(frozen=True, slots=True)
class _Staging:
    """A folder for what is unpacked, and its twin where every executor can read it, if it needs."""

    local: Path
    shared: str | None
    spark: "SparkSession | None"

    def readable(self, path: Path) -> str:
        """Return where Spark reads this unpacked file."""
        if self.shared is None or self.spark is None:
            return str(path)
        target = f"{self.shared}/{path.name}"
        hadoop.copy_in(self.spark, path, target)
        return target


@contextmanager
def _staging(root: str, spark: "SparkSession | None") -> Iterator[_Staging]:
    if "://" not in root:
        beneath = Path(root, ".landing")
        beneath.mkdir(parents=True, exist_ok=True)
        _sweep(beneath)
        with tempfile.TemporaryDirectory(dir=beneath) as folder:
            yield _Staging(Path(folder), None, spark)
        return
    with tempfile.TemporaryDirectory() as folder:
        shared = f"{root}/.landing/{Path(folder).name}"
        try:
            yield _Staging(Path(folder), shared, spark)
        finally:
            if spark is not None:
                hadoop.remove(spark, shared)


def _sweep(folder: Path) -> None:
    """Remove what a killed run left behind more than a day ago."""
    for left in folder.iterdir():
        if time.time() - left.stat().st_mtime > _STALE_S:
            shutil.rmtree(left, ignore_errors=True)


def _inside(path: Path, folder: Path) -> Path:
    if not path.resolve().is_relative_to(folder.resolve()):
        raise NothingSentError(
            f"{path}: is a link that leads out of {folder}; it was not read. Copy the file instead"
        )
    return path


def _is_sent(path: Path) -> bool:
    """Whether it is a file that Spark reads too: names with `.` or `_` in front are hidden."""
    return path.is_file() and not path.name.startswith((".", "_")) and os.access(path, os.R_OK)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
