"""Read blocks of csv without quotes, escapes or blank lines by Arrow, many times faster.

`tests/jobs/ingestion/reading/test_delimited.py` checks that the rows are the same.
"""

import pyarrow as pa
from pyarrow import csv

from jobs.ingestion.reading.reader import TEXT
from warehouse.manifests.sources import Files

_SEPARATOR = "\x1f"  # in place of separators that Arrow does not support


class PlainBlocks:
    """Reads the blocks of a file that are plain. Its rows have `n_fields` fields.

    If all rows of a block end with a separator, they may have one more field, which is empty.
    """

    def __init__(self, files: Files, line_end: str, n_fields: int) -> None:
        self._separator = files.separator
        self._line_end = line_end
        self._n_fields = n_fields
        is_simple = len(files.separator) == 1 and files.separator.isascii()
        self._mark = files.separator if is_simple else _SEPARATOR
        replaced = () if is_simple else (_SEPARATOR,)
        self._special = [x for x in (files.quote, files.escape, "\0", *replaced) if x]

    def table(self, block: str) -> pa.Table | None:
        """Return all fields of all rows; an empty one is null. None if the block is not plain."""
        plain = self._plain(block)
        if plain is None:
            return None
        first = plain[: plain.index("\n")] if "\n" in plain else plain
        width = first.count(self._mark) + 1
        if width not in (self._n_fields, self._n_fields + 1):
            return None
        table = self._table(plain, width)
        if table is None or (width > self._n_fields and table[-1].null_count < table.num_rows):
            return None
        return table

    def _plain(self, block: str) -> str | None:
        """Return the block with line ends and separators as Arrow reads them, if it is plain."""
        if any(mark in block for mark in self._special) or block[0] == "\ufeff":
            return None
        if self._line_end == "\r":
            block = block.replace("\n", "\r\r").replace("\r", "\n")
        elif "\r" in block:
            block = block.replace("\r\n", "\n")
        if "\r" in block or "\n\n" in block or block[0] == "\n":
            return None
        return block.replace(self._separator, self._mark)

    def _table(self, plain: str, width: int) -> pa.Table | None:
        try:
            content = plain.encode()
        except UnicodeEncodeError:  # a byte was not decoded
            return None
        names = [str(number) for number in range(width)]
        try:
            return csv.read_csv(
                pa.py_buffer(content),
                csv.ReadOptions(use_threads=False, block_size=len(content) + 1, column_names=names),
                csv.ParseOptions(
                    delimiter=self._mark, quote_char=False, escape_char=False,
                    newlines_in_values=False, ignore_empty_lines=False,
                ),
                csv.ConvertOptions(
                    column_types=dict.fromkeys(names, TEXT),
                    null_values=[""],
                    strings_can_be_null=True,
                ),
            )  # fmt: skip
        except pa.ArrowInvalid:  # a row has another number of fields
            return None
