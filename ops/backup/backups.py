"""Back up a platform of one machine while it runs, and restore it into an empty folder.

A backup has the lake in `var/lake/`, the Postgres server with all databases, and the manifests of
the data sets. Passwords and keys are in a second file, if the caller names one. The lake is copied
before Postgres. After a restore, `collect` copies the events into it that only Postgres has. In the
other order these events would be lost. Publications wait meanwhile, so the lake has the fit of each
release that Postgres has.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psutil

from ops.backup import archive, lake_copy, postgres_copy
from ops.backup.archive import About, BackupError
from ops.machine import credentials, postgres, processes
from ops.machine.postgres import Server
from ops.settings import OpsSettings
from ops.steps import console, step
from warehouse.settings import ManifestSettings

POSTGRES_MAJOR = int(postgres.SERVER.removeprefix("pginstall"))
NO_PORT = 0  # a restore starts no server
_UNFINISHED = "restoring"
_PREFIX = "backup-"  # of the folders of backups that are being made; the process id follows


@dataclass(frozen=True)
class Files:
    """The file of a backup, and the one of the passwords and keys."""

    backup: Path
    secrets: Path | None = None


def back_up(settings: OpsSettings, server: Server, files: Files) -> None:
    """Write the files of a backup. Postgres must run; the rest of the platform may.

    Raises:
        BackupError: the lake is elsewhere, a file cannot be written, or the copy failed; no file
            remains.
    """
    _require_local_lake(settings)
    _delete_unfinished(settings.folder)
    with (
        tempfile.TemporaryDirectory(
            dir=settings.folder, prefix=f"{_PREFIX}{os.getpid()}-"
        ) as folder,
        archive.written(files.backup) as writer,
    ):
        about = About(datetime.now(UTC).isoformat(timespec="seconds"), POSTGRES_MAJOR, {})
        with postgres_copy.no_publication(server):
            with step("lake"):
                about.versions = lake_copy.add(writer, settings.lake)
            with step("Postgres"):
                postgres_copy.add(writer, server, Path(folder))
        for path in sorted(ManifestSettings().manifests.glob("*.toml")):
            writer.add(f"datasets/{path.name}", path)
        archive.finish(writer, about)
    if files.secrets is not None:
        with archive.written(files.secrets) as writer:
            for path in sorted(settings.secrets.iterdir()):
                writer.add(path.name, path)
            archive.finish(writer, About(about.made_at, POSTGRES_MAJOR, {}))


def restore(settings: OpsSettings, files: Files) -> About:
    """Make the folders of the settings from a backup, and return what the backup is of.

    Without the file of secrets new passwords are created. No program is started.

    Raises:
        BackupError: the folder has data already, the platform runs, or a file is damaged; the
            folder is as it was.
    """
    _require_empty(settings)
    settings.make_folders()
    with _unfinished(settings) as folder:
        with step("reading the backup"):
            about = archive.extract(files.backup, folder)
        if about.postgres != POSTGRES_MAJOR:
            raise BackupError(
                f"the backup is of Postgres {about.postgres}, this Lantern has {POSTGRES_MAJOR}. "
                "Restore it with the version of Lantern that wrote it"
            )
        if files.secrets is not None:
            _restore_secrets(settings, files.secrets)
        password = credentials.of(settings).of("postgres")
        server = Server(postgres.home(settings.folder), NO_PORT, password)
        with step("Postgres"):
            postgres_copy.restore(folder, server)
            if files.secrets is None:
                postgres_copy.use_password(server)
        with step("lake"):
            if (folder / "lake").exists():
                settings.lake.rmdir()
                shutil.move(folder / "lake", settings.lake)
        _restore_manifests(folder / "datasets")
    return about


def _delete_unfinished(parent: Path) -> None:
    """Delete the copies of users' rows that killed backups left."""
    for folder in parent.glob(f"{_PREFIX}*"):
        made_by = folder.name.removeprefix(_PREFIX).split("-")[0]
        if not (made_by.isdecimal() and psutil.pid_exists(int(made_by))):
            shutil.rmtree(folder, ignore_errors=True)


def _require_local_lake(settings: OpsSettings) -> None:
    root = os.environ.get("LAKE_ROOT", str(settings.lake))
    if Path(root).absolute() != settings.lake.absolute():
        raise BackupError(
            f"LAKE_ROOT is {root}, but a backup copies {settings.lake}. Back the lake up with its "
            "storage, then unset LAKE_ROOT and run this again"
        )


def _require_empty(settings: OpsSettings) -> None:
    if processes.of(settings.folder):
        raise BackupError("the platform runs: `lantern down`, then restore into an empty folder")
    home = postgres.home(settings.folder)
    used = [path for path in (settings.lake, settings.secrets, home / "data") if _has_files(path)]
    if used:
        raise BackupError(
            f"{used[0]} is not empty, and a restore replaces nothing. Move {settings.folder} away, "
            "or set OPS_VAR to another folder"
        )


def _has_files(folder: Path) -> bool:
    return folder.is_dir() and any(folder.iterdir())


@contextmanager
def _unfinished(settings: OpsSettings) -> Iterator[Path]:
    """Yield the folder to extract into. If the restore fails, delete all data that it made."""
    folder, data = settings.folder / _UNFINISHED, postgres.home(settings.folder) / "data"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    try:
        yield folder
    except BaseException:
        for made in (settings.lake, settings.secrets, data):
            shutil.rmtree(made, ignore_errors=True)
        raise
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _restore_secrets(settings: OpsSettings, file: Path) -> None:
    with tempfile.TemporaryDirectory(dir=settings.folder) as folder:
        archive.extract(file, Path(folder))
        for path in Path(folder).iterdir():
            if path.name != archive.LAST:
                path.replace(settings.secrets / path.name)


def _restore_manifests(folder: Path) -> None:
    """Add the manifests that are missing here; those that differ stay as they are here."""
    for path in sorted(folder.glob("*.toml")):
        here = ManifestSettings().manifests / path.name
        if not here.exists():
            shutil.copyfile(path, here)
        elif here.read_bytes() != path.read_bytes():
            line = f"{here} differs from the backup's, and was left as it is"
            console.print(line, markup=False)
