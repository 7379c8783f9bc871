"""The encoding of a text file, and what bytes become that are not valid in it.

Such a byte becomes one character between U+DC00 and U+DCFF, which no decoder returns. So the rest
of the file can be read, and the record with the byte can be named.
"""

import codecs
import re

from jobs.runtime.errors import UnreadableFileError

ERRORS = "lantern.undecodable"
_UNDECODABLE = re.compile("[\udc00-\udcff]")
_UNDECODABLE_WORD = re.compile("[\udc00-\udcff]{3,}")
_SURROGATE = re.compile("[\ud800-\udfff]")
_NON_ASCII = re.compile("[^\x00-\x7f]")
_BASE = 0xDC00
_BOMS = {  # the longer ones first: that of UTF-32 begins with that of UTF-16
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_WIDE = ("utf-16", "utf-32")
_BINARY_SHARE = 0.01  # of bytes that are 0
_UTF_16_SHARE = 0.3  # of bytes that are 0, all in odd or all in even positions: mostly ASCII


def text_encoding(sample: bytes, declared: str, name: str) -> str:
    """Return Python's name of the encoding: that of the byte order mark, else the declared one.

    UTF-16 without a mark is recognised if the file should be UTF-8.

    Raises:
        UnreadableFileError: the encoding is not that of the file, or the file is no text.
    """
    if marked := next((code for bom, code in _BOMS.items() if sample.startswith(bom)), None):
        return marked
    wide = _utf_16(sample)
    if declared.startswith(_WIDE):
        if sample and b"\0" not in sample:
            raise UnreadableFileError(
                f"{name}: not {declared}, as the manifest says. Correct or remove `encoding`"
            )
        return declared
    if wide is not None:
        return wide
    try:
        text = sample.decode(declared, ERRORS)
    except (LookupError, UnicodeError, ValueError) as error:
        raise UnreadableFileError(
            f"{name}: {declared!r} is no encoding of text. Correct `encoding`, such as utf-8"
        ) from error
    if sample.count(0) > _BINARY_SHARE * len(sample) and not is_decoded(text):
        raise UnreadableFileError(f"{name}: this is no text. Send csv, jsonl, json or parquet")
    return declared


def is_decoded(text: str) -> bool:
    """Return whether all bytes of the text were of the file's encoding."""
    return text.isascii() or _UNDECODABLE.search(text) is None


def file_encoding(text: str) -> tuple[str, str]:
    """Return the encoding that a file read as UTF-8 probably has, and the reason; "" if certain.

    A file most of whose letters are UTF-8 stays UTF-8: the other bytes are errors.
    """
    first = _UNDECODABLE.search(text)
    if first is None:
        return "utf-8", ""
    line = text.count("\n", 0, first.start()) + 1
    n_undecoded = len(_UNDECODABLE.findall(text))
    n_decoded = len(_NON_ASCII.findall(text)) - n_undecoded
    if n_decoded >= n_undecoded:
        return "utf-8", f"{n_undecoded} bytes are of another encoding, the first in line {line}"
    return likely_encoding(text, "utf-8"), f"line {line} is not UTF-8"


def bad_byte(text: str, line: int, encoding: str) -> str:
    """Return a sentence on the first byte that is not of the encoding; "" if there is none.

    `line` is the number of the line on which the text starts.
    """
    if text.isascii():
        return ""
    first = _UNDECODABLE.search(text)
    if first is None:
        return ""
    bad_line = line + text.count("\n", 0, first.start())
    likely = likely_encoding(text, encoding)
    return (
        f"line {bad_line} has byte 0x{ord(first[0]) - _BASE:02x}, which is not {encoding.upper()}. "
        f'Is `encoding = "{likely}"` right? If not, correct the line'
    )


def likely_encoding(text: str, declared: str) -> str:
    """Return the encoding that a text with undecodable bytes probably has: a record, or a file.

    Single accented letters speak for Western Europe, whole words without ASCII for Cyrillic.
    """
    if not declared.startswith("utf-8"):
        return "utf-8"
    undecoded = _UNDECODABLE.findall(text)
    n_in_words = sum(map(len, _UNDECODABLE_WORD.findall(text)))
    if n_in_words * 2 > len(undecoded):
        return "windows-1251"
    try:
        bytes(ord(mark) - _BASE for mark in undecoded).decode("windows-1252")
    except UnicodeDecodeError:
        return "iso-8859-1"
    return "windows-1252"


def shown(text: str) -> str:
    """Return the text with U+FFFD in place of bytes that were not decoded."""
    return text if text.isascii() else _UNDECODABLE.sub("\ufffd", text)


def without_surrogates(text: str) -> str:
    r"""Return the text with U+FFFD in place of lone surrogates.

    JSON and Python can have one, as in `"\ud800"`; no table can.
    """
    return text if text.isascii() else _SURROGATE.sub("\ufffd", text)


def _utf_16(sample: bytes) -> str | None:
    n_even, n_odd = sample[::2].count(0), sample[1::2].count(0)
    if n_odd > _UTF_16_SHARE * len(sample) and n_even * 20 < n_odd:
        return "utf-16-le"
    if n_even > _UTF_16_SHARE * len(sample) and n_odd * 20 < n_even:
        return "utf-16-be"
    return None


def _marked(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    undecoded = error.object[error.start : error.end]
    return "".join(chr(_BASE + byte) for byte in undecoded), error.end


codecs.register_error(ERRORS, _marked)
