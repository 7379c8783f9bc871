"""Find the files that a data set's source delivers: an archive, a folder, an inbox.

Only files that the manifest names are read. A file that several sections of the manifest name
belongs to each of them.
"""

import hashlib
import json
import logging
import re
import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from jobs.ingestion.columns import reading_fields
from jobs.ingestion.delivery import archives, extraction, folders, hadoop, remote_inbox
from jobs.ingestion.delivery.names import is_data, matches
from jobs.ingestion.delivery.staging import Staging, staging_folder
from jobs.ingestion.listing import listed
from jobs.runtime.errors import NothingSentError
from jobs.runtime.logs import event
from warehouse.datasets import Dataset
from warehouse.manifests.sources import Files

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

log = logging.getLogger(__name__)

_SCHEME = re.compile(r"[a-z][a-z0-9+.-]+:/")  # Hadoop writes `file:/folder`
Target = Literal["items", "categories", "users", "ratings", "events"]
_EVENTS: tuple[Target, ...] = ("ratings", "events")  # targets whose files must not be missing


@dataclass(frozen=True)
class SentFile:
    """A file of the source: `path` is where Spark reads it, `name` is shown to users.

    `section` is the part of the manifest that describes it. There may be several `[[events]]`, so
    their files have a `section_name`, as in `Dataset.event_sections`. `repetition` counts the
    earlier landings of the same bytes read in the same way.
    """

    target: Target
    name: str
    path: str
    sha256: str
    section: Files = field(compare=False)
    section_name: str | None = None
    repetition: int = 0

    @cached_property
    def reading(self) -> str:
        """The digest of everything that says how the file is read."""
        fields = {"section": self.section_name, **reading_fields(self.section)}
        return _digest(json.dumps(fields, sort_keys=True))[:32]

    @property
    def landing_id(self) -> str:
        """The id of its landing, which is the same for the same bytes read in the same way."""
        suffix = f"-{self.repetition}" if self.repetition else ""
        return f"{self.sha256[:16]}-{self.target}-{self.reading[:8]}{suffix}"

    @property
    def is_local(self) -> bool:
        """Whether this process can open the file."""
        return _SCHEME.match(self.path) is None


def sections(dataset: Dataset) -> list[tuple[Target, Files]]:
    """Return the manifest's sections that describe files, each with its target.

    Items, categories and users precede ratings and events. Several sections may have the target
    `events`.
    """
    return [(target, section) for target, _, section in named_sections(dataset)]


def named_sections(dataset: Dataset) -> list[tuple[Target, str | None, Files]]:
    """Return the sections as `sections` does, and their names; only those of events have one."""
    tables: tuple[Target, ...] = ("items", "categories", "users", "ratings")
    single = [(target, getattr(dataset, target)) for target in tables]
    events = dataset.event_sections.items()
    return [
        *((target, None, section) for target, section in single if section is not None),
        *(("events", name, section) for name, section in events),
    ]


def need_spark(dataset: Dataset, root: str, inbox: str) -> bool:
    """Return whether only Spark can find the files, or put them where it reads them."""
    kind, url = dataset.source.kind, str(dataset.source.url)
    places = {"archive": (root, inbox), "folder": (url,)}.get(kind, (inbox,))
    return any("://" in place for place in places)


@contextmanager
def delivered(
    dataset: Dataset,
    inbox: str | Path,
    root: str,
    spark: "SparkSession | None" = None,
    *,
    landed: Collection[tuple[str, str]] = (),
) -> Iterator[list[SentFile]]:
    """Yield the files that the source has now. Extracted files are deleted afterwards.

    `inbox` is the folder, or the URL, into which an operator puts the data set's files. An archive
    is extracted below `root`, the root of its tables, so that every executor can read it. Without
    `spark` no object store is read. `landed` are the targets and names of files that landed before,
    which the source need not have any more.

    Raises:
        NothingSentError: the source has none of the files, or none of a section of ratings or
            events; the message says where to put them.
        UnreadableFileError: see `folders.files`.
        JobError: see `archives.download` and `extraction.extract`.
    """
    if dataset.source.kind == "archive":
        with staging_folder(root, spark) as staging:
            local = remote_inbox.on_this_machine(dataset, str(inbox), staging[0], spark)
            yield _from_archive(dataset, local, staging)
        return
    folder = str(dataset.source.url if dataset.source.kind == "folder" else inbox)
    is_remote = "://" in folder
    files = list(_remote(dataset, folder, spark) if is_remote else _local(dataset, folder))
    if not files:
        patterns = [section.file for _, section in sections(dataset)]
        hint = "" if is_remote else f" ({folders.alternatives(Path(folder), patterns[-1])})"
        raise NothingSentError(
            f"{dataset.name}: no file in {folder} matches {', '.join(patterns)}{hint}. Put it there"
        )
    if spark is not None or not is_remote:
        _require_events(dataset, folder, files, landed)
    yield files


def unmatched(dataset: Dataset, inbox: str | Path) -> str:
    """Return a sentence on files that no section of the manifest names; "" if there are none.

    Only files of a local folder are looked at: an archive may have any others.
    """
    folder = str(dataset.source.url if dataset.source.kind == "folder" else inbox)
    if dataset.source.kind not in {"folder", "inbox"} or "://" in folder:
        return ""
    patterns = [section.file for _, section in sections(dataset)]
    names = folders.unmatched(Path(folder), patterns)
    return f"files that match no `file` of the manifest, not read: {listed(names)}" if names else ""


def handed_over(dataset: Dataset, inbox: Path) -> Path | None:
    """Return the archive in the inbox: the one with the publisher's name, else the newest."""
    published = inbox / str(dataset.source.url).rsplit("/", 1)[-1]
    if dataset.source.url and published.is_file():
        return folders.require_inside(published, inbox)
    paths = inbox.iterdir() if inbox.is_dir() else ()
    candidates = [path for path in paths if path.name.lower().endswith(extraction.SUFFIXES)]
    visible = [path for path in candidates if path.is_file() and not path.name.startswith(".")]
    newest = max(visible, key=lambda path: (path.stat().st_mtime, path.name), default=None)
    return None if newest is None else folders.require_inside(newest, inbox)


def _require_events(
    dataset: Dataset,
    folder: str,
    files: Collection[SentFile],
    landed: Collection[tuple[str, str]],
) -> None:
    """Raise an error if a section of ratings or events has no file now and had none before."""
    for target, name, section in named_sections(dataset):
        if target not in _EVENTS or any(
            (file.target, file.section_name) == (target, name) for file in files
        ):
            continue
        if any(landed_as == target and matches(section.file, file) for landed_as, file in landed):
            continue
        table = "[ratings]" if target == "ratings" else "[[events]]"
        hint = "" if "://" in folder else f" ({folders.alternatives(Path(folder), section.file)})"
        raise NothingSentError(
            f"{dataset.name}: no file in {folder} matches `{section.file}` of `{table}`{hint}. "
            "Correct `file` in the manifest, or put the file there"
        )


def _from_archive(dataset: Dataset, inbox: Path, staging: Staging) -> list[SentFile]:
    folder, readable = staging
    archive = _archive(dataset, inbox, folder)
    patterns = list(dict.fromkeys(section.file for _, section in sections(dataset)))
    budget = dataset.source.max_mb * archives.MB
    extracted = extraction.extract(archive, patterns, folder, max_bytes=budget)
    paths = {name: readable(path) for name, path in extracted.items()}
    digests = {name: archives.digest(path) for name, path in extracted.items()}
    return [
        SentFile(target, name, paths[name], sha256, section, section_name)
        for target, section_name, section in named_sections(dataset)
        for name, sha256 in _deliveries(
            dataset, {n: digests[n] for n in sorted(digests) if matches(section.file, n)}
        )
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
        raise NothingSentError(
            f"{dataset.name}: no archive in {inbox} ({', '.join(extraction.SUFFIXES)}). {next_step}"
        )
    downloaded = archives.download(dataset, staging, next_step=next_step)
    if dataset.source.md5 or dataset.source.sha256:  # its digest is known: download it once
        inbox.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(downloaded, inbox / f".{downloaded.name}")
        (inbox / f".{downloaded.name}").replace(inbox / downloaded.name)
    return downloaded


def _local(dataset: Dataset, folder: str) -> Iterator[SentFile]:
    digests: dict[Path, str] = {}
    for target, section_name, section in named_sections(dataset):
        paths = dict(folders.files(Path(folder), section.file))
        for path in paths.values():
            digests.setdefault(path, archives.digest(path))
        of_section = {name: digests[path] for name, path in paths.items()}
        for name, sha256 in _deliveries(dataset, of_section):
            resolved = str(paths[name].resolve())
            yield SentFile(target, name, resolved, sha256, section, section_name)


def _remote(dataset: Dataset, folder: str, spark: "SparkSession | None") -> Iterator[SentFile]:
    if spark is None:
        return
    base = folder.rstrip("/")
    for target, section_name, section in named_sections(dataset):
        found = hadoop.list_files(spark, f"{base}/{section.file}")
        files = [file for file in found if is_data(section.file, file[0])]
        digests = {path: _digest(f"{path} {size} {at}") for path, size, at in files}
        for path, sha256 in _deliveries(dataset, digests):
            yield SentFile(target, path.rsplit("/", 1)[-1], path, sha256, section, section_name)


def _deliveries(dataset: Dataset, digests: dict[str, str]) -> list[tuple[str, str]]:
    """Return each file of a section with the digest of its delivery.

    Each increment is its own delivery; of two with the same bytes only the first is kept. All files
    of a snapshot form one delivery.
    """
    if dataset.source.delivery == "snapshots":
        common = _digest("\n".join(digests.values()))
        return [(name, common if len(digests) > 1 else digests[name]) for name in digests]
    first: dict[str, str] = {}
    for name, sha256 in digests.items():
        first.setdefault(sha256, name)
    return [(name, sha256) for sha256, name in first.items()]


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
