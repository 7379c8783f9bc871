"""A copy of the lake while jobs write it: each table as of its newest version.

The files of a Delta table never change. So its log is copied first, up to the newest commit. Then
all data files of the folder are copied: among them are those of this commit and of the older
versions that are kept. The copied log does not name the files that a later commit adds.
"""

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

from ops.backup.archive import BackupError, Writer

_LOG = "_delta_log"
_VERSION = re.compile(r"\d{20}\.")
_COMMIT = re.compile(r"\d{20}\.json")


def add(writer: Writer, lake: Path) -> dict[str, int]:
    """Add all tables under `lake/`; return their versions, by folder.

    Raises:
        BackupError: a file that a table needs was deleted meanwhile.
    """
    versions = {}
    for table in tables(lake):
        name = table.relative_to(lake).as_posix()
        versions[name] = _add_table(writer, table, f"lake/{name}")
    return versions


def tables(lake: Path) -> list[Path]:
    """Return the folders of all Delta tables."""
    return sorted(
        Path(folder)
        for folder, folders, _ in os.walk(lake)
        if _LOG in folders
        and any(_COMMIT.fullmatch(path.name) for path in Path(folder, _LOG).iterdir())
    )


def _add_table(writer: Writer, table: Path, name: str) -> int:
    """Add one table under this name; return its version."""
    logged = [path for path in (table / _LOG).iterdir() if _VERSION.match(path.name)]
    version = max(int(path.name[:20]) for path in logged if _COMMIT.fullmatch(path.name))
    for path in sorted(logged):
        if int(path.name[:20]) <= version:
            writer.add(f"{name}/{_LOG}/{path.name}", path)
    _add_hint(writer, table, name, version)
    missing = needed(table, version)
    for path in data_files(table):
        relative = path.relative_to(table).as_posix()
        try:
            writer.add(f"{name}/{relative}", path)
        except FileNotFoundError:  # vacuumed since: only versions that are not kept need it
            continue
        missing.discard(relative)
    if missing:
        raise BackupError(
            f"{table}: {min(missing)} was deleted while the backup was made. Make it again when no "
            "maintenance runs"
        )
    return version


def _add_hint(writer: Writer, table: Path, name: str, version: int) -> None:
    """Add `_last_checkpoint`, unless it names a checkpoint that is not in the backup."""
    hint = table / _LOG / "_last_checkpoint"
    if not hint.exists():
        return
    content = hint.read_bytes()
    if json.loads(content)["version"] <= version:
        writer.add_bytes(f"{name}/{_LOG}/{hint.name}", content)


def needed(table: Path, version: int) -> set[str]:
    """Return the data files of a version, relative to the table."""
    from deltalake import DeltaTable

    root = table.resolve()
    uris = DeltaTable(str(root), version=version).file_uris()
    return {Path(uri).relative_to(root).as_posix() for uri in uris}


def data_files(table: Path) -> Iterator[Path]:
    """Yield all files of the table but its log."""
    for folder, folders, files in os.walk(table):
        folders[:] = [name for name in folders if name != _LOG]
        yield from (Path(folder, name) for name in sorted(files) if not name.endswith(".crc"))
