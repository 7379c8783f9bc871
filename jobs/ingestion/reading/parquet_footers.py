"""Refuse footers of Parquet that would fill the memory, or that contradict the file.

Readers trust the footer: it states how much there is to unpack. Its own size is checked before it
is read, since Arrow needs 10 to 30 times as much memory for it.
"""

import struct
from pathlib import Path

import pyarrow.parquet as pq

from jobs.ingestion.reading.compression import PARQUET, opened, readable
from jobs.runtime.errors import UnreadableFileError

LONGEST_FOOTER = 16 << 20  # bytes
_END = struct.Struct("<I4s")  # the footer's length, and the letters that end each file


def n_bytes(source: Path | bytes, name: str) -> int:
    """Return the size of the file, whose footer has a size that can be read.

    Raises:
        UnreadableFileError: the footer is longer than the file, or than `LONGEST_FOOTER`.
    """
    with readable(name):
        file = opened(source, name)
        size = int(file.size())
        file.seek(max(size - _END.size, 0))
        end = bytes(file.read(_END.size))
    length, letters = _END.unpack(end.rjust(_END.size, b"\0"))
    if letters == PARQUET and length > size:
        raise _damaged(name, f"its footer has {length:,} bytes, the file {size:,}")
    if letters == PARQUET and length > LONGEST_FOOTER:
        raise UnreadableFileError(
            f"{name}: the Parquet file has a footer of {length:,} bytes, more than "
            f"{LONGEST_FOOTER:,}. Write larger row groups, or leave out columns"
        )
    return size


def require_consistent(file: pq.ParquetFile, size: int, name: str) -> None:
    """Compare the counts and sizes that the footer states with each other and with the file's size.

    Raises:
        UnreadableFileError: they contradict each other.
    """
    metadata = file.metadata
    is_flat = [file.schema.column(n).max_repetition_level == 0 for n in range(len(file.schema))]
    n_rows, n_packed = 0, 0
    for group in map(metadata.row_group, range(metadata.num_row_groups)):
        n_rows += group.num_rows
        for chunk, has_one_per_row in zip(
            map(group.column, range(group.num_columns)), is_flat, strict=True
        ):
            n_packed += chunk.total_compressed_size
            sizes = (chunk.total_compressed_size, chunk.total_uncompressed_size, group.num_rows)
            if min(sizes) < 0 or (has_one_per_row and chunk.num_values != group.num_rows):
                values = f"{chunk.num_values:,} values in {group.num_rows:,} rows"
                raise _damaged(name, f"its footer states {values}")
    if n_rows != metadata.num_rows:
        raise _damaged(name, f"its footer states {metadata.num_rows:,} rows and {n_rows:,} rows")
    if n_packed > size:
        raise _damaged(name, f"its footer states {n_packed:,} bytes of data, the file has {size:,}")


def _damaged(name: str, text: str) -> UnreadableFileError:
    return UnreadableFileError(f"{name}: the Parquet file is damaged: {text}. Send it again")
