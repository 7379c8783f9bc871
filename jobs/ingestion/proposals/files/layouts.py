"""Guess how the bytes of a file are read: its format, encoding, separator, quotes, header."""

import csv
import io
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jobs.ingestion.proposals.files import headers
from jobs.ingestion.proposals.guesses import Fields, Guess
from jobs.ingestion.reading import compression, encodings

_SEPARATORS = {
    "\t": "tabs", ";": "semicolons", "|": "vertical bars", "::": "double colons", ",": "commas",
    "\x01": "Hive's separator", " ": "spaces",
}  # fmt: skip
_SUBSTITUTE = "\ue000"  # for a separator of two characters, which `csv` does not support
_MAX_PREAMBLE = 20
_ESCAPED_QUOTE = re.compile(r'\\"(?!\s*[,;|\t\n])')
_GUESS_BYTES = 8_000_000
_WITH_QUOTE = re.compile(rb'[^\t\r\n]*"[^\t\r\n]*')
_QUOTED = re.compile(rb'(?:(?<=\t)|^)"(?:[^"\t\r\n]|"")*"(?=[\t\r\n]|$)', re.MULTILINE)
_ENOUGH = 0.9  # share of lines with the same number of fields


@dataclass(frozen=True, slots=True)
class _Split:
    """How lines are split in one way; `width` is the usual number of fields."""

    separator: str
    quote: str
    escape: str
    rows: list[list[str]]
    width: int
    share: float


def layout(path: Path) -> Fields:
    """Return the fields of `Files` that say how the file is read; defaults are left out.

    Raises:
        UnreadableFileError: the file cannot be read, or is of a format that is not supported.
    """
    first = compression.sample(path, path.name)
    if first.startswith(compression.PARQUET_MAGIC):
        return {"format": Guess("parquet")}
    encoding, reason = _encoding(path, first)
    fields: Fields = {}
    is_detected = encoding.startswith(("utf-16", "utf-32"))  # by the reader too
    text = first.decode(encoding if encoding != "utf-8" else "utf-8-sig", "replace")
    if (encoding != "utf-8" or reason) and not is_detected:
        fields["encoding"] = Guess(encoding, reason)
    start = text.lstrip("\ufeff \r\n\t")
    if start.startswith("{"):
        return {"format": Guess("jsonl"), **fields}
    if start.startswith("[") and re.match(r"\[\s*(\{|\]|$)", start):
        return {"format": Guess("json"), **fields}
    lines = _whole_lines(text, is_whole=len(first) < compression.SAMPLE_BYTES)
    delimited = _delimited(lines)
    if _has_stray_quotes(path, delimited):
        delimited["quote"] = Guess("", "quotes are part of the text")
        delimited.pop("escape", None)
    return {**delimited, **fields}


def _encoding(path: Path, first: bytes) -> tuple[str, str]:
    """Return Python's name of the encoding, and the reason if it is not certain."""
    wide = encodings.text_encoding(first, "utf-8", path.name)
    if wide.startswith(("utf-16", "utf-32")):
        return wide, "every second byte is 0"
    with compression.readable(path.name), compression.opened(path, path.name) as stream:
        sent = bytes(stream.read(_GUESS_BYTES))
    if sent.isascii():
        return "utf-8", ""
    text = sent[: -3 if len(sent) == _GUESS_BYTES else None].decode("utf-8", encodings.ERRORS)
    return encodings.file_encoding(text)


def _whole_lines(text: str, *, is_whole: bool) -> str:
    """Return the text with line feeds as line ends, without a line that is cut off."""
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    return text if is_whole or "\n" not in text else text[: text.rindex("\n") + 1]


def _delimited(text: str) -> Fields:
    split = _best_split(text)
    if split is None:
        return {"separator": Guess(",", "one column only")}
    fields: Fields = {}
    if split.separator != ",":
        reason = (
            f"{_SEPARATORS[split.separator]}, {split.share:.0%} of lines have {split.width} fields"
        )
        fields["separator"] = Guess(split.separator, reason)
    if not split.quote:
        fields["quote"] = Guess("", "quotes are part of the text")
    if split.escape:
        fields["escape"] = Guess(split.escape, 'quotes inside fields are written as \\"')
    n_preamble = _n_preamble(split)
    if n_preamble:
        fields["skip_lines"] = Guess(n_preamble, "lines before the table")
    rows = split.rows[n_preamble:]
    if not headers.has_header(rows):
        fields["header"] = Guess(value=False, reason="the first line looks like the others")
        columns = tuple(headers.unnamed(number) for number in range(1, split.width + 1))
        fields["fields"] = Guess(columns)
        return fields
    return fields | headers.renamed(rows[0][: split.width], n_preamble + 1)


def _best_split(text: str) -> _Split | None:
    """Return the split with the largest share of lines of equal width, and with many fields."""
    candidates = [split for separator in _SEPARATORS if (split := _by_separator(text, separator))]
    good = [split for split in candidates if split.share >= _ENOUGH and split.separator != " "]
    if good:
        return max(good, key=lambda split: (split.width - 1) * split.share**4)
    return max(candidates, key=lambda split: split.share, default=None)


def _by_separator(text: str, separator: str) -> _Split | None:
    if separator not in text:
        return None
    ways = [_split(text, separator, '"', "")]
    if '"' in text:
        if _ESCAPED_QUOTE.search(text):
            ways.append(_split(text, separator, '"', "\\"))
        ways.append(_split(text, separator, "", ""))
    best = max(ways, key=lambda split: (round(split.share, 4), bool(split.escape)))
    return best if best.width > 1 else None


def _split(text: str, separator: str, quote: str, escape: str) -> _Split:
    mark = separator if len(separator) == 1 else _SUBSTITUTE
    lines = io.StringIO(text.replace(separator, mark), newline="")
    reader = csv.reader(
        lines,
        delimiter=mark,
        quotechar=quote or None,
        quoting=csv.QUOTE_MINIMAL if quote else csv.QUOTE_NONE,
        escapechar=escape or None,
    )
    rows: list[list[str]] = []
    try:
        rows.extend(row for row in reader if row)
    except csv.Error:
        return _Split(separator, quote, escape, rows, 0, 0)
    widths = Counter(map(_width, rows))
    width, n_lines = max(widths.items(), key=lambda item: (item[1], item[0]), default=(0, 0))
    n_sent = max(len(rows), 1)
    return _Split(separator, quote, escape, rows, width, n_lines / n_sent)


def _width(row: Sequence[str]) -> int:
    """Return the number of fields; an empty last one is the end of the line."""
    return len(row) - 1 if len(row) > 2 and not row[-1] else len(row)  # noqa: PLR2004


def _has_stray_quotes(path: Path, fields: Fields) -> bool:
    """Return whether a file with tabs has quotes, and few fields are quoted as a whole."""
    if "separator" not in fields or fields["separator"].value != "\t":
        return False
    with compression.readable(path.name), compression.opened(path, path.name) as stream:
        sent = bytes(stream.read(_GUESS_BYTES))
    n_quoted, n_whole = len(_WITH_QUOTE.findall(sent)), len(_QUOTED.findall(sent))
    return n_whole * 2 < n_quoted


def _n_preamble(split: _Split) -> int:
    for number, row in enumerate(split.rows[:_MAX_PREAMBLE]):
        if _width(row) >= split.width - 1 and _width(row) > 1:
            return number
    return 0
