"""Open a compressed or plain file as a stream of unpacked bytes. Its first bytes say which it is.

For another format, such as a zip archive or an Excel workbook, the error names the format.
"""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa

from jobs.runtime.errors import UnreadableFileError

SAMPLE_BYTES = 65_536
PARQUET_MAGIC = b"PAR1"  # the first and the last bytes of a file
_COMPRESSIONS = {
    re.compile(rb"\x1f\x8b"): "gzip",
    re.compile(rb"BZh[1-9](1AY&SY|\x17rE8P)"): "bz2",
    re.compile(rb"\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18"): "zstd",
    re.compile(rb"\x04\x22\x4d\x18"): "lz4",
}
_UNPACK = "Unpack it first"
_EXPORT = "Save the sheet as CSV UTF-8"
AS_ARCHIVE = ', or write `kind = "archive"` in `[source]`'  # right for an archive alone
_ARCHIVE = f"{_UNPACK}{AS_ARCHIVE}"
_FOREIGN = {
    re.compile(pattern, re.DOTALL | re.IGNORECASE): named
    for pattern, named in {
        rb"PK\x03\x04.*(\[Content_Types\]\.xml|xl/)": ("an Excel workbook", _EXPORT),
        rb"PK(\x03\x04|\x05\x06)": ("a zip archive", _ARCHIVE),
        rb".{257}ustar": ("a tar archive", _ARCHIVE),
        rb"\xfd7zXZ\x00": ("compressed with xz", f"{_UNPACK}, or compress it with gzip or zstd"),
        rb"7z\xbc\xaf\x27\x1c": ("a 7z archive", _UNPACK),
        rb"Rar!\x1a": ("a rar archive", _UNPACK),
        rb"\xd0\xcf\x11\xe0": ("an old Excel or Word file", _EXPORT),
        rb"SQLite format 3\x00": ("an SQLite database", "Export the table as csv"),
        rb"%PDF-": ("a PDF", "Send the data as csv, jsonl or parquet"),
        rb"ORC[^ -~\s]": ("an ORC file", "Write it as parquet"),
        rb"Obj\x01": ("an Avro file", "Write it as parquet"),
        rb"ARROW1\x00": ("an Arrow (Feather) file", "Write it as parquet"),
        rb"\s*<(!doctype html|html)\b": (
            "a web page",
            "Download the file itself: a sign-in page may have been saved instead",
        ),
    }.items()
}


def opened(source: Path | bytes, name: str) -> pa.NativeFile:
    """Return the file's bytes as a stream, unpacked if they are compressed.

    Raises:
        UnreadableFileError: the file cannot be opened.
    """
    with readable(name):
        compression = _compression(_raw(source).read(16))
        raw = _raw(source)
        return raw if compression is None else pa.CompressedInputStream(raw, compression)


def is_compressed(source: Path | bytes, name: str) -> bool:
    """Return whether the file's bytes are compressed in a way that `opened` unpacks."""
    with readable(name):
        return _compression(_raw(source).read(16)) is not None


def sample(source: Path | bytes, name: str) -> bytes:
    """Return the first unpacked bytes of the file.

    Raises:
        UnreadableFileError: the file cannot be read, or is of a format that is not supported.
    """
    with readable(name):
        first = bytes(opened(source, name).read(SAMPLE_BYTES))
    for magic, (what, next_step) in _FOREIGN.items():
        if magic.match(first):
            raise UnreadableFileError(f"{name}: this is {what}. {next_step}")
    return first


@contextmanager
def readable(name: str) -> Iterator[None]:
    """Turn errors of reading into sentences.

    Raises:
        UnreadableFileError: the file cannot be opened, is cut short, or is damaged.
    """
    try:
        yield
    except PermissionError as error:
        raise UnreadableFileError(
            f"{name}: the file is there, but may not be read: run `chmod a+r` on it"
        ) from error
    except FileNotFoundError as error:
        raise UnreadableFileError(f"{name}: the file is gone. Send it again") from error
    except IsADirectoryError as error:
        raise UnreadableFileError(
            f'{name}: this is a folder. Name the files in it, as in `file = "{name}/*"`'
        ) from error
    except OSError as error:
        if "Truncated" in str(error):
            raise UnreadableFileError(
                f"{name}: the compressed file ends too early: it was cut short. Send it again"
            ) from error
        raise UnreadableFileError(
            f"{name}: the file is damaged or cannot be read ({error}). Send it again"
        ) from error


def _raw(source: Path | bytes) -> pa.NativeFile:
    if isinstance(source, bytes):
        return pa.BufferReader(source)
    if source.is_dir():
        raise IsADirectoryError(source)
    return pa.OSFile(os.fsencode(source), "rb")


def _compression(first: bytes) -> str | None:
    return next((name for magic, name in _COMPRESSIONS.items() if magic.match(first)), None)
