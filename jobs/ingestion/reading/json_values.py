"""JSON objects as rows of text: nested fields by their path, lists and objects as JSON."""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

import orjson
import pyarrow as pa

from jobs.ingestion.reading.column_texts import python_texts
from jobs.ingestion.reading.encodings import shown
from jobs.ingestion.reading.reader import TEXT, record_batch

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]
Row = dict[str, Json]
MAX_DEPTH = 100  # levels of objects and lists in one value
TOO_DEEP = f"it is nested more than {MAX_DEPTH} levels deep"
MANY_NAMES = 200_000
MANY_CHARS = 1 << 25  # of all names
_LONG_NUMBER = re.compile(r"-\d{19}|\d{20}")  # it may be beyond 64 bits


def parsed(text: str) -> Json:
    """Return the JSON value; `NaN` and `Infinity` are read too, and whole numbers of any length.

    Raises:
        ValueError: the text is not JSON, or is nested more than `MAX_DEPTH` levels deep.
    """
    value = _parsed(text)
    if _may_be_deep(text) and is_too_deep(value):
        raise ValueError(TOO_DEEP)
    return value


def is_too_deep(value: Json) -> bool:
    """Return whether objects and lists are nested more than `MAX_DEPTH` levels deep."""
    level = [value]
    for _ in range(MAX_DEPTH + 1):
        level = [inner for outer in level for inner in _inner(outer)]
        if not level:
            return False
    return True


def all_objects(lines: Sequence[str]) -> list[Row] | None:
    """Return the object of each line; None if a line is anything but a plain JSON object."""
    if any(map(_LONG_NUMBER.search, lines)) or any(map(_may_be_deep, lines)):
        return None
    try:
        rows: list[Row] = list(map(orjson.loads, lines))
    except (orjson.JSONDecodeError, UnicodeEncodeError):
        return None
    return rows if set(map(type, rows)) <= {dict} else None


def column_names(rows: Iterable[Row], *, enough: int = MANY_NAMES) -> list[str]:
    """Return the fields of all rows in the order in which they occur, nested ones by path.

    Reading stops once the rows have `enough` fields, counting repeated ones, because objects whose
    keys are ids have other fields in each row. It also stops after `MANY_CHARS`: a long name is
    repeated in the path of each field below it.
    """
    columns: dict[str, None] = {}
    n_names = n_chars = 0
    for name in chain.from_iterable(map(_names, rows)):
        columns[name] = None
        n_names, n_chars = n_names + 1, n_chars + len(name)
        if n_names >= enough or n_chars >= MANY_CHARS:
            break
    return list(columns)


def texts(rows: Sequence[Row], column: str) -> pa.Array:
    """Return one field of each row as text; null if the row has none."""
    if "." in column:
        return python_texts([value_at(row, column) for row in rows])
    return python_texts([row.get(column) for row in rows])


def batch(
    lines: Sequence[int],
    contents: Sequence[str],
    rows: Sequence[Row | None],
    columns: Sequence[str],
) -> pa.RecordBatch:
    """Return the batch of values with these numbers and texts; those that are no object are `raw`.

    `rows` are the objects, None for other values.
    """
    pairs = zip(contents, rows, strict=True)
    raws = [shown(content) if row is None else None for content, row in pairs]
    objects = [row or {} for row in rows]
    return record_batch(
        pa.array(lines, pa.int64()),
        pa.array(raws, TEXT),
        columns,
        [texts(objects, column) for column in columns],
    )


def value_at(row: Json, path: str) -> Json:
    """Return the value of a field; a path such as `a.b` names the field `b` of the object `a`."""
    if not isinstance(row, dict):
        return None
    if path in row:
        return row[path]
    for dot in (match.start() for match in re.finditer(r"\.", path)):
        if path[:dot] in row:
            return value_at(row[path[:dot]], path[dot + 1 :])
    return None


def _parsed(text: str) -> Json:
    if not _LONG_NUMBER.search(text):  # orjson would read it as a float
        try:
            return orjson.loads(text)  # type: ignore[no-any-return]
        except (orjson.JSONDecodeError, UnicodeEncodeError):
            pass
    try:
        return json.loads(text)  # type: ignore[no-any-return]
    except RecursionError as error:
        raise ValueError(TOO_DEEP) from error


def _may_be_deep(text: str) -> bool:
    return text.count("{") + text.count("[") > MAX_DEPTH


def _inner(value: Json) -> Iterable[Json]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, (list, tuple)) else ()


def _names(row: Row, prefix: str = "") -> Iterator[str]:
    for name, value in row.items():
        yield f"{prefix}{name}"
        if isinstance(value, dict):
            yield from _names(value, f"{prefix}{name}.")
