"""The lines of a text file: in blocks of whole lines, and one by one with their numbers."""

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from jobs.ingestion.reading import compression
from jobs.ingestion.reading.encodings import ERRORS, text_encoding
from jobs.runtime.errors import UnreadableFileError
from warehouse.manifests.sources import Files

BLOCK_CHARS = 1 << 21
LONGEST_LINE = 1 << 24  # characters; a longer text is probably not text in lines
_LINE_END = re.compile("\r\n|\n|\r")


class TextFile:
    """A text file whose encoding is known; it is read as often as `blocks` is called.

    `sample` is the beginning of its text, without a byte order mark.
    """

    def __init__(self, source: Path | bytes, name: str, encoding: str) -> None:
        self.name = name
        self._source = source
        first = compression.sample(source, name)
        if first.startswith(compression.PARQUET_MAGIC):
            raise UnreadableFileError(
                f'{name}: this is a Parquet file. Write `format = "parquet"` in the manifest'
            )
        self._encoding = text_encoding(first, encoding, name)
        self.encoding = "utf-8" if self._encoding == "utf-8-sig" else self._encoding
        self.sample = first.decode(self._encoding, ERRORS).removeprefix("\ufeff")

    def pieces(self) -> Iterator[str]:
        """Yield the text in pieces that end anywhere.

        Raises:
            UnreadableFileError: the file is damaged.
        """
        with self._opened("") as text:
            if first := text.read(BLOCK_CHARS).removeprefix("\ufeff"):
                yield first
            while piece := text.read(BLOCK_CHARS):
                yield piece

    def blocks(self, line_end: str) -> Iterator[str]:
        """Yield the text in blocks that end with a line; the last line may have no end.

        Raises:
            UnreadableFileError: the file is damaged, or one line is far too long.
        """
        with self._opened(line_end) as text:
            n_lines, mark = 0, "\ufeff"
            while block := text.read(BLOCK_CHARS):
                rest = "" if block.endswith(line_end) else text.readline(LONGEST_LINE)
                n_lines += block.count(line_end)
                if len(rest) == LONGEST_LINE:
                    raise UnreadableFileError(
                        f"{self.name}: line {n_lines + 1} is longer than {LONGEST_LINE:,} "
                        "characters. Correct `format`, or write one record per line"
                    )
                yield (block + rest).removeprefix(mark)
                n_lines, mark = n_lines + rest.count(line_end), ""

    @contextmanager
    def _opened(self, line_end: str) -> Iterator[io.TextIOWrapper]:
        with (
            compression.readable(self.name),
            compression.opened(self._source, self.name) as stream,
            io.TextIOWrapper(stream, self._encoding, ERRORS, newline=line_end) as text,
        ):
            yield text


class Lines:
    """An iterator over the lines that knows the current block, and looks ahead.

    `taken` are the lines since `start`: those of the current record. `number` is the number of the
    next line, from 1, `position` the number of characters before it (without those of blocks that
    were never `put`), and `n_blocks` the number of the blocks read so far.
    """

    def __init__(self, blocks: Iterator[str], line_end: str) -> None:
        self.number = 1
        self.position = 0
        self.taken: list[str] = []
        self.n_blocks = 0
        self._blocks = blocks
        self._line_end = line_end
        self._lines: list[str] = []
        self._next = 0  # index of the next line; those before it were taken

    def __iter__(self) -> "Lines":
        return self

    def __next__(self) -> str:
        line = self.ahead(0)
        if line is None:
            raise StopIteration
        self._next += 1
        self.number += 1
        self.position += len(line)
        self.taken.append(line)
        return line

    def ahead(self, n_lines: int) -> str | None:
        """Return the line that so many lines are before, without taking it; None at the end."""
        while self._next + n_lines >= len(self._lines):
            if not self._fill():
                return None
        return self._lines[self._next + n_lines]

    def start(self) -> None:
        """Begin a record: forget the lines taken so far."""
        self.taken = []

    @property
    def in_block(self) -> bool:
        """Whether lines of the current block are left."""
        return self._next < len(self._lines)

    def left(self) -> list[str]:
        """Return the lines of the current block that are left."""
        return self._lines[self._next :]

    def next_block(self) -> str:
        """Return the next block, whose lines the caller reads or `put`s back; "" at the end."""
        self.n_blocks += 1
        return next(self._blocks, "")

    def put(self, block: str) -> None:
        """Let the lines of the block follow those that are left."""
        del self._lines[: self._next]
        self._next = 0
        self._lines.extend(split_lines(block, self._line_end))

    def skip(self, n_lines: int) -> None:
        """Count lines that the caller has read; those of the current block are dropped."""
        self.number += n_lines
        end = min(self._next + n_lines, len(self._lines))
        self.position += sum(map(len, self._lines[self._next : end]))
        self._next = end

    def _fill(self) -> bool:
        block = self.next_block()
        self.put(block)
        return block != ""


def line_end_of(sample: str, files: Files) -> str:
    r"""Return "\r" if lines end with it alone, else "\n", which "\r\n" ends with too.

    Line ends in quoted fields do not count.
    """
    if files.format == "csv" and files.quote:
        quote, separator = re.escape(files.quote), re.escape(files.separator)
        escape = re.escape(files.escape) if files.escape else ""
        inner = rf"{quote}{quote}|[^{quote}{escape}]" + (f"|{escape}." if escape else "")
        field = rf"(\A|[\r\n]|{separator}){quote}({inner})*({quote}|\Z)"
        sample = re.sub(field, r"\1", sample, flags=re.DOTALL)
    ends = set(_LINE_END.findall(sample[:-1]))
    return "\r" if ends == {"\r"} else "\n"


def split_lines(block: str, line_end: str) -> list[str]:
    """Return the lines of the block with their ends."""
    if line_end == "\n":
        return list(io.StringIO(block, newline="\n"))
    *whole, last = block.split(line_end)
    return [f"{line}{line_end}" for line in whole] + ([last] if last else [])
