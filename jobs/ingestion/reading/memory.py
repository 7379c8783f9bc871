"""A limit of the memory with which a process reads files that others made.

A small file can unpack to any size, and a false footer of Parquet can hide it. So all programs that
read such files do it with this limit: `check`, `check_file`, `propose`, `land` and its workers.
"""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from jobs.runtime.errors import UnreadableFileError

LIMIT_BYTES = 2 << 30
TOO_LARGE = f"reading needs more than {LIMIT_BYTES >> 20:,} MB of memory. Split the file"
CRASH = "the program that reads it crashed: it is damaged, or needs too much memory"
_DATA = 5  # the field of statm with the pages that the limit counts, and those of the stack


@contextmanager
def bounded() -> Iterator[None]:
    """Let this process take at most `LIMIT_BYTES` more memory inside the block.

    A program that is started inside the block inherits the limit: start Spark before. What needs
    more raises `MemoryError`; a library in C++ may end the process instead.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    lower = [limit for limit in (soft, hard) if limit != resource.RLIM_INFINITY]
    limit = min([_n_used() + LIMIT_BYTES, *lower])
    resource.setrlimit(resource.RLIMIT_DATA, (limit, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


@contextmanager
def sentences(name: str) -> Iterator[None]:
    """Turn the lack of memory into a sentence about the file of this name.

    Raises:
        UnreadableFileError: the file does not fit into memory.
    """
    try:
        yield
    except MemoryError as error:
        raise UnreadableFileError(f"{name}: {TOO_LARGE}") from error


def _n_used() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[_DATA])
    return pages * resource.getpagesize()
