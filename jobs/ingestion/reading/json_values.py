"""JSON objects as rows of text: nested fields by their path, lists and objects as JSON."""

import json
import re
from collections.abc import Iterable, Iterator, Sequence

import orjson
import pyarrow as pa

from jobs.ingestion.reading.reader import TEXT

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]
Row = dict[str, Json]
_FROM_EXPONENTS = 1e16  # larger floats are written with an exponent
_LONG_NUMBER = re.compile(r"\d{20}")
_SURROGATE = re.compile("[\ud800-\udfff]")


def parsed(text: str) -> Json:
    """Return the JSON value; `NaN` and `Infinity` are read too.

    Raises:
        ValueError: the text is not JSON.
    """
    if not _LONG_NUMBER.search(text):  # orjson would read it as a float
        try:
            return orjson.loads(text)  # type: ignore[no-any-return]
        except (orjson.JSONDecodeError, UnicodeEncodeError):
            pass
    try:
        return json.loads(text)  # type: ignore[no-any-return]
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def column_names(rows: Iterable[Row]) -> list[str]:
    """Return the fields of all rows in the order in which they occur, nested ones by path."""
    return list(dict.fromkeys(name for row in rows for name in _names(row)))


def texts(rows: Sequence[Row], column: str) -> pa.Array:
    """Return one field of each row as text; null if the row has none."""
    values = [_text(row[column] if column in row else value_at(row, column)) for row in rows]
    try:
        return pa.array(values, TEXT)
    except UnicodeEncodeError:
        return pa.array([x and _SURROGATE.sub("\ufffd", x) for x in values], TEXT)


def value_at(row: Json, path: str) -> Json:
    """Return the value of a field, or of the field of an object that a path such as `a.b` names."""
    if not isinstance(row, dict):
        return None
    if path in row:
        return row[path]
    for dot in (found.start() for found in re.finditer(r"\.", path)):
        if path[:dot] in row:
            return value_at(row[path[:dot]], path[dot + 1 :])
    return None


def as_json(value: object) -> str:
    """Return the value as JSON in one line; what JSON does not have becomes text."""
    try:
        return orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
    except (orjson.JSONEncodeError, UnicodeEncodeError):
        return json.dumps(value, default=str, separators=(",", ":"))


def _names(row: Row, prefix: str = "") -> Iterator[str]:
    for name, value in row.items():
        yield f"{prefix}{name}"
        if isinstance(value, dict):
            yield from _names(value, f"{prefix}{name}.")


def _text(value: Json) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return _number(value)
    return as_json(value)


def _number(value: float) -> str | None:
    """Return the number without `.0`, as ids need it; NaN is null."""
    if value != value:  # noqa: PLR0124
        return None
    return str(int(value)) if value.is_integer() and abs(value) < _FROM_EXPONENTS else str(value)
