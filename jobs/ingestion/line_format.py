"""How a line of a text file is split into fields: in Python for a sample, in Spark for all lines.

Both follow RFC 4180: a quoted field may hold separators, and doubled quotes stand for one.
`tests/jobs/ingestion/test_line_format.py` checks that they agree.
"""

import csv
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from warehouse.sources import Files

if TYPE_CHECKING:
    from pyspark.sql import Column

_MALFORMED = "_malformed_record"
_ONE_CHARACTER = "\x1f"  # in place of a longer separator, which Python's csv does not support


def split(text: str, files: Files) -> list[str]:
    """Return the fields of one line of CSV."""
    if not files.quote:
        return text.split(files.separator)
    mark = files.separator if len(files.separator) == 1 else _ONE_CHARACTER
    lines = [text.replace(files.separator, mark)]
    fields = next(csv.reader(lines, delimiter=mark, quotechar=files.quote), [""])
    return [field.replace(mark, files.separator) for field in fields]


def fields(files: Files, columns: Sequence[str]) -> "tuple[Column, Column]":
    """Return the struct `f` of a line's fields, and whether the line is malformed.

    The line is in the column `value`. Of JSON lines only the fields named in `columns` are read.
    """
    from pyspark.sql import functions as F  # the header of a file is read without Spark

    value = F.col("value")
    is_text = F.is_valid_utf8(value) if files.encoding == "utf-8" else F.expr("true")
    if files.format == "jsonl":
        parsed = F.from_json(value, _ddl(columns), {"columnNameOfCorruptRecord": _MALFORMED})
        return parsed, ~is_text | F.col("f").isNull() | F.col("f").getField(_MALFORMED).isNotNull()
    if not files.quote:
        texts = F.split(value, re.escape(files.separator), -1)
        named = [F.get(texts, F.lit(i)).alias(name) for i, name in enumerate(columns)]
        return F.struct(*named), ~is_text | (F.size(texts) != len(columns))
    options = {
        "sep": files.separator,
        "quote": files.quote,
        "escape": files.quote,
        "columnNameOfCorruptRecord": _MALFORMED,
    }
    parsed = F.from_csv(value, F.lit(_ddl(columns)), options)
    return parsed, ~is_text | F.col("f").getField(_MALFORMED).isNotNull()


def _ddl(names: Sequence[str]) -> str:
    quoted = ("`" + name.replace("`", "``") + "`" for name in (*names, _MALFORMED))
    return ", ".join(f"{name} STRING" for name in quoted)
