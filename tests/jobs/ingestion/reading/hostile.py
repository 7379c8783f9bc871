"""Files of Parquet whose footers lie."""

import io
import struct

import pyarrow as pa
import pyarrow.parquet as pq

COLUMNS = ("user", "item", "stars", "at")
_END = 8  # bytes: the footer's length and the letters PAR1


def parquet(table: pa.Table) -> bytes:
    """Return a file without dictionaries and statistics."""
    sent = io.BytesIO()
    pq.write_table(
        table,
        sent,
        compression="zstd",
        use_dictionary=False,
        write_statistics=False,
        store_schema=False,
    )
    return sent.getvalue()


def with_footer(content: bytes, footer: bytes, length: int | None = None) -> bytes:
    """Return the file with another footer, and this length of it."""
    n = len(footer) if length is None else length
    return content[: -_END - _length(content)] + footer + struct.pack("<I", n) + b"PAR1"


def lying(content: bytes, true: int, false: int, count: int = -1) -> bytes:
    """Return the file whose footer states the second number in place of the first.

    `count`: how many times it does, from the start; -1: each time.
    """
    footer = content[-_END - _length(content) : -_END]
    number = _varint(true)
    assert number in footer
    return with_footer(content, footer.replace(number, _varint(false, len(number)), count))


def bomb(n_bytes: int) -> bytes:
    """Return a small file with one row of four texts that have so many bytes, said to be short."""
    text = pa.array(["x" * n_bytes])
    content = parquet(pa.table(dict.fromkeys(COLUMNS, text)))
    group = pq.ParquetFile(io.BytesIO(content)).metadata.row_group(0)
    sizes = {group.column(0).total_uncompressed_size, group.total_byte_size}
    for size in sizes:
        content = lying(content, size, 1000)
    return content


def _length(content: bytes) -> int:
    length: int = struct.unpack("<I", content[-_END:-4])[0]
    return length


def _varint(number: int, n_bytes: int = 0) -> bytes:
    """Return the number as Thrift writes it, in at least `n_bytes` bytes."""
    left, out = number << 1, bytearray()
    while left or len(out) < n_bytes:
        out.append(left & 0x7F | 0x80)
        left >>= 7
    out[-1] &= 0x7F
    return bytes(out)
