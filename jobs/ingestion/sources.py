"""Find the files that a data set's source delivers: an archive, a folder, an inbox.

Only files that the manifest names are read. A link that leads out of the folder is an error.
"""

import hashlib
import logging
import os
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeVar

from jobs.ingestion import archives, hadoop
from jobs.runtime.errors import NothingSentError
from jobs.runtime.logs import event
from warehouse.datasets import Dataset
from warehouse.sources import Files

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

log = logging.getLogger(__name__)

_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:/")  # Hadoop writes `file:/folder`
Target = Literal["items", "users", "ratings"]
_STALE_S = 24 * 3600

P = TypeVar("P")
Staging = tuple[Path, Callable[[Path], str]]


@dataclass(frozen=True, slots=True)
class SentFile:
    """A file of the source: `path` is where Spark reads it, `name` is shown to users."""

    target: Target
    name: str
    path: str
    sha256: str

    @property
    def landing_id(self) -> str:
        """The id of its landing, which is the same for the same bytes."""
        return f"{self.sha256[:16]}-{self.target}"

    @property
    def is_local(self) -> bool:
        """Whether this process can open the file."""
        return _SCHEME.match(self.path) is None


def sections(dataset: Dataset) -> dict[Target, Files]:
    """Return the manifest's sections on files. Items and users precede ratings."""
    targets: tuple[Target, ...] = ("items", "users", "ratings")
    return {target: files for target in targets if (files := getattr(dataset, target)) is not None}


@contextmanager
def delivered(
    dataset: Dataset, inbox: Path, root: str, spark: "SparkSession | None" = None
) -> Iterator[list[SentFile]]:
    """Yield the files that the source has now. Extracted files are deleted afterwards.

    `inbox` is the data set's folder of files handed over. An archive is extracted below `root`, the
    root of its tables, so that every executor can read it. Without `spark` no object store is read.

    Raises:
        NothingSentError: the source has none of the files; the message says where to put them.
        JobError: as `archives.download` and `archives.extract`.
    """
    if dataset.source.kind == "archive":
        with _staging(root, spark) as staging:
            yield _from_archive(dataset, inbox, staging)
        return
    folder = str(dataset.source.url if dataset.source.kind == "folder" else inbox)
    files = list(_remote(dataset, folder, spark) if "://" in folder else _local(dataset, folder))
    if not files:
        patterns = ", ".join(section.file for section in sections(dataset).values())
        raise NothingSentError(
            f"{dataset.name}: no file in {folder} matches {patterns}. Put it there"
        )
    yield files


def handed_over(dataset: Dataset, inbox: Path) -> Path | None:
    """Return the archive in the inbox: the one with the publisher's name, else the newest."""
    published = inbox / str(dataset.source.url).rsplit("/", 1)[-1]
    if dataset.source.url and published.is_file():
        return _inside(published, inbox)
    archive_paths = sorted(inbox.glob("*.zip"), key=lambda path: (path.stat().st_mtime, path.name))
    return _inside(archive_paths[-1], inbox) if archive_paths else None


def _from_archive(dataset: Dataset, inbox: Path, staging: Staging) -> list[SentFile]:
    folder, readable = staging
    archive = _archive(dataset, inbox, folder)
    by_name = {section.file: target for target, section in sections(dataset).items()}
    budget = dataset.source.max_mb * archives.MB
    extracted = archives.extract(archive, list(by_name), folder, max_bytes=budget)
    return [
        SentFile(by_name[name], name, readable(path), archives.digest(path))
        for name, path in extracted.items()
    ]


def _archive(dataset: Dataset, inbox: Path, staging: Path) -> Path:
    next_step = f"Provide the archive: `make demo ARCHIVE=…`, or copy it into {inbox}"
    archive = handed_over(dataset, inbox)
    if archive is not None:
        log.info(event("using_archive", path=str(archive), sha256=archives.digest(archive)))
        if differs := archives.difference(archive, dataset.source):
            log.warning("%s: not the published archive: %s", archive.name, differs)
        return archive
    if dataset.source.url is None:
        raise NothingSentError(f"{dataset.name}: no archive in {inbox}. {next_step}")
    downloaded = archives.download(dataset, staging, next_step=next_step)
    if dataset.source.md5 or dataset.source.sha256:  # its digest is known: download it once
        inbox.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(downloaded, inbox / f".{downloaded.name}")
        (inbox / f".{downloaded.name}").replace(inbox / downloaded.name)
    return downloaded


def _local(dataset: Dataset, folder: str) -> Iterator[SentFile]:
    base = Path(folder)
    for target, section in sections(dataset).items():
        paths = [  # Spark hides names that begin with `.` or `_`
            path
            for path in sorted(base.glob(section.file))
            if path.is_file() and path.name[0] not in "._" and os.access(path, os.R_OK)
        ]
        digests = [(path, archives.digest(_inside(path, base))) for path in paths]
        for path, sha256 in _deliveries(dataset, digests):
            yield SentFile(target, path.relative_to(base).as_posix(), str(path.resolve()), sha256)


def _remote(dataset: Dataset, folder: str, spark: "SparkSession | None") -> Iterator[SentFile]:
    if spark is None:
        return
    base = folder.rstrip("/")
    for target, section in sections(dataset).items():
        files = hadoop.list_files(spark, f"{base}/{section.file}")
        digests = [(path, _digest(f"{path} {size} {at}")) for path, size, at in files]
        for path, sha256 in _deliveries(dataset, digests):
            yield SentFile(target, path.rsplit("/", 1)[-1], path, sha256)


def _deliveries(dataset: Dataset, digests: list[tuple[P, str]]) -> list[tuple[P, str]]:
    """Return each file with the digest of its delivery.

    Each increment is its own delivery; of two with the same bytes only the first is kept. All files
    of a snapshot form one delivery.
    """
    if dataset.source.delivery == "snapshots":
        common = _digest("\n".join(sha256 for _, sha256 in digests))
        return [(path, common if len(digests) > 1 else sha256) for path, sha256 in digests]
    first: dict[str, P] = {}
    for path, sha256 in digests:
        first.setdefault(sha256, path)
    return [(path, sha256) for sha256, path in first.items()]


@contextmanager
def _staging(root: str, spark: "SparkSession | None") -> Iterator[Staging]:
    """Yield a folder for extracted files, and the function that shows one of them to Spark."""
    if "://" not in root:
        parent = Path(root, ".landing")
        parent.mkdir(parents=True, exist_ok=True)
        _sweep(parent)
        with tempfile.TemporaryDirectory(dir=parent) as folder:
            yield Path(folder), str
        return
    with tempfile.TemporaryDirectory() as folder:
        if spark is None:
            yield Path(folder), str
            return
        shared = f"{root}/.landing/{Path(folder).name}"
        try:
            yield Path(folder), lambda path: hadoop.upload(spark, path, f"{shared}/{path.name}")
        finally:
            hadoop.remove(spark, shared)


def _sweep(folder: Path) -> None:
    """Remove files that a killed run left more than a day ago."""
    for path in folder.iterdir():
        if time.time() - path.stat().st_mtime > _STALE_S:
            shutil.rmtree(path, ignore_errors=True)


def _inside(path: Path, folder: Path) -> Path:
    if not path.resolve().is_relative_to(folder.resolve()):
        raise NothingSentError(
            f"{path}: a link that leads out of {folder}; it was not read. Copy the file instead"
        )
    return path


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
