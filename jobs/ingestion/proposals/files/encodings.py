"""Guess the encoding of a text file from its first megabytes."""

import re
from pathlib import Path

from jobs.ingestion.reading import compression
from jobs.ingestion.reading.encodings import text_encoding

_BYTES = 8_000_000
_NON_ASCII = re.compile(rb"[\x80-\xff]")
_ERRORS = "surrogateescape"


def guessed_encoding(path: Path, first: bytes) -> tuple[str, str]:
    """Return Python's name of the encoding, and the reason if it is not certain.

    Raises:
        UnreadableFileError: the file cannot be read.
    """
    wide = text_encoding(first, "utf-8", path.name)
    if wide.startswith(("utf-16", "utf-32")):
        return wide, "every second byte is 0"
    with compression.readable(path.name), compression.opened(path, path.name) as stream:
        sent = bytes(stream.read(_BYTES))
    if not _NON_ASCII.search(sent):
        return "utf-8", ""
    return _by_bytes(sent)


def _by_bytes(sent: bytes) -> tuple[str, str]:
    text = sent[: -3 if len(sent) == _BYTES else None].decode("utf-8", _ERRORS)
    n_bad = len(re.findall("[\udc80-\udcff]", text))
    if not n_bad:
        return "utf-8", ""
    n_good = len(re.findall("[\u0080-\ud7ff\ue000-\U0010ffff]", text))
    line = re.split("[\udc80-\udcff]", text, maxsplit=1)[0].count("\n") + 1
    if n_good >= n_bad:
        return "utf-8", f"{n_bad} bytes are of another encoding, the first in line {line}"
    return "windows-1252", f"line {line} is not UTF-8"
