"""Refuse footers of Parquet that would fill the memory, or that contradict the file.

Readers trust the footer: it states how much there is to unpack. Its own size is checked before it
is read, since Arrow needs 10 to 30 times as much memory for it.
"""

import struct
from pathlib import Path

import pyarrow.parquet as pq

from jobs.ingestion.reading.compression import PARQUET_MAGIC, opened, readable
from jobs.runtime.errors import UnreadableFileError

LONGEST_FOOTER = 16 << 20  # bytes
_END = struct.Struct("<I4s")  # the footer's length, and `PARQUET_MAGIC`


def checked_size(source: Path | bytes, name: str) -> int:
    """Return the size of the file in bytes, if its footer is not too long to be read.

    Raises:
        UnreadableFileError: the footer is longer than the file, or than `LONGEST_FOOTER`.
    """
    with readable(name):
        file = opened(source, name)
        size = int(file.size())
        file.seek(max(size - _END.size, 0))
        end = bytes(file.read(_END.size))
    footer_bytes, magic = _END.unpack(end.rjust(_END.size, b"\0"))
    if magic == PARQUET_MAGIC and footer_bytes > size:
        raise _damaged(name, f"its footer has {footer_bytes:,} bytes, the file {size:,}")
    if magic == PARQUET_MAGIC and footer_bytes > LONGEST_FOOTER:
        raise UnreadableFileError(
            f"{name}: the Parquet file has a footer of {footer_bytes:,} bytes, more than "
            f"{LONGEST_FOOTER:,}. Write larger row groups, or leave out columns"
        )
    return size


def require_consistent(file: pq.ParquetFile, size: int, name: str) -> None:
    """Compare the counts and sizes that the footer states with each other and with the file's size.

    Raises:
        UnreadableFileError: they contradict each other.
    """
    metadata = file.metadata
    columns_are_flat = [
        file.schema.column(n).max_repetition_level == 0 for n in range(len(file.schema))
    ]
    n_rows, n_packed_bytes = 0, 0
    for group in map(metadata.row_group, range(metadata.num_row_groups)):
        n_rows += group.num_rows
        chunks = map(group.column, range(group.num_columns))
        for chunk, is_flat in zip(chunks, columns_are_flat, strict=True):
            n_packed_bytes += chunk.total_compressed_size
            sizes = (chunk.total_compressed_size, chunk.total_uncompressed_size, group.num_rows)
            if min(sizes) < 0 or (is_flat and chunk.num_values != group.num_rows):
                values = f"{chunk.num_values:,} values in {group.num_rows:,} rows"
                raise _damaged(name, f"its footer states {values}")
    if n_rows != metadata.num_rows:
        raise _damaged(name, f"its footer states {metadata.num_rows:,} rows and {n_rows:,} rows")
    if n_packed_bytes > size:
        raise _damaged(
            name, f"its footer states {n_packed_bytes:,} bytes of data, the file has {size:,}"
        )


def _damaged(name: str, text: str) -> UnreadableFileError:
    return UnreadableFileError(f"{name}: the Parquet file is damaged: {text}. Send it again")
