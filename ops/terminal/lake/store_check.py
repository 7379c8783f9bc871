"""Whether the object store of the lake takes writes, and decides which of two commits is first."""

from collections.abc import Iterator
from contextlib import suppress
from uuid import uuid4

from ops.machine import environment
from ops.settings import OpsSettings
from ops.terminal.surroundings import Finding

_FOLDER = ".doctor"
_SHOWN = 400  # characters of an error
_NEEDED = "writes, reads, conditional writes"
_FIX = "correct LAKE_ROOT and the variables AWS_…; conditional writes: use another server of S3"


def examine(settings: OpsSettings) -> Iterator[Finding]:
    """Yield a finding for a lake at a URL. A small table is written there and removed."""
    root = environment.base(settings)["LAKE_ROOT"]
    if "://" not in root:
        return
    fault = problem(f"{root.rstrip('/')}/{_FOLDER}/{uuid4().hex}")
    yield Finding(f"lake {root}", fault or "works", _NEEDED, not fault, _FIX)


def problem(uri: str) -> str:
    """Return what does not work at the URI; "" if everything does.

    Two handles of a table are of the same version. Once one has committed, the commit of the other
    has the same number, and the store must reject it.
    """
    import pyarrow as pa
    from deltalake import CommitProperties, DeltaTable, write_deltalake
    from deltalake.exceptions import CommitFailedError, DeltaError

    once, row = CommitProperties(max_commit_retries=0), pa.table({"n": [1]})
    fault = "two commits with the same number were both accepted: commits would be lost"
    try:
        DeltaTable.create(uri, row.schema)
        first, second = DeltaTable(uri), DeltaTable(uri)
        write_deltalake(first, row, mode="append", commit_properties=once)
        with suppress(CommitFailedError):
            write_deltalake(second, row, mode="append", commit_properties=once)
            return fault
        return "" if DeltaTable(uri).version() == 1 else fault
    except (DeltaError, OSError) as error:
        return " ".join(str(error).split())[:_SHOWN]
    finally:
        _remove(uri)


def _remove(uri: str) -> None:
    """Remove the files of the table, as far as the store allows it."""
    from deltalake.fs import DeltaStorageHandler
    from pyarrow.fs import FileSelector, FileType, PyFileSystem

    with suppress(OSError):
        store = PyFileSystem(DeltaStorageHandler(uri))
        for file in store.get_file_info(FileSelector("", recursive=True)):
            if file.type == FileType.File:
                store.delete_file(file.path)
