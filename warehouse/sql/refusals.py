"""What DuckDB and Arrow say when a query fails, as a sentence for the analyst."""

import re

import duckdb

from warehouse.errors import QueryRefusedError

_PREFIX = re.compile(r"^(?:Invalid Input Error: )?[A-Z][A-Za-z -]*? Error: ")
_FILES = re.compile(r"No such file or directory|FileNotFound|Object at location .* not found")
_LOCKED = re.compile(r"disabled (?:by|through) configuration|configuration has been locked|"
                     r"disabled_filesystems|enable_external_access")  # fmt: skip
OUTSIDE = "a query reads tables of the lake only: no files, settings, extensions or secrets"


def of(error: Exception, *, seconds: float, memory_mb: int) -> QueryRefusedError:
    """Return the error to raise: its message is the cause, then what to do about it."""
    text = str(error)
    if isinstance(error, duckdb.InterruptException) or "INTERRUPT" in text:
        return QueryRefusedError(
            f"the query took longer than {seconds:g} s and was stopped. Read fewer rows or columns"
        )
    if isinstance(error, duckdb.OutOfMemoryException | MemoryError) or "Out of Memory" in text:
        return QueryRefusedError(
            f"the query needs more than {memory_mb:,} MB of memory. Read fewer rows or columns, or "
            "aggregate"
        )
    if isinstance(error, duckdb.PermissionException) or _LOCKED.search(text):
        return QueryRefusedError(OUTSIDE)
    if "expression depth" in text:
        return QueryRefusedError("the query is nested too deeply")
    if _FILES.search(text):
        return QueryRefusedError(
            "files of this version were deleted, because it was replaced over a week ago or users "
            "were erased since. Read a newer version"
        )
    return QueryRefusedError(_PREFIX.sub("", text).strip() or type(error).__name__)
