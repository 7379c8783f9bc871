"""Values of any type as text: dates and times as ISO 8601, lists and objects as JSON."""

import json
from collections.abc import Callable, Sequence
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from jobs.ingestion.reading.encodings import without_surrogates
from jobs.ingestion.reading.reader import TEXT

_UTC = "UTC"
_EXACT = 2.0**53  # below it every whole number has a float of its own
_CAST = (
    pa.types.is_string,
    pa.types.is_large_string,
    pa.types.is_string_view,
    pa.types.is_boolean,
    pa.types.is_integer,
    pa.types.is_null,
)


def python_texts(values: Sequence[object]) -> pa.Array:
    """Return Python values of mixed types as text, by the rules of `texts`."""
    is_simple = {list, dict}.isdisjoint(map(type, values))
    try:
        return texts(pa.array(values)) if is_simple else _mixed(values)
    except (pa.ArrowException, UnicodeEncodeError, OverflowError):  # of several types, or too long
        return _mixed(values)


def as_json(value: object) -> str:
    """Return the value as JSON in one line; values that JSON does not have become text."""
    try:
        return orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
    except orjson.JSONEncodeError:
        return json.dumps(value, default=str, separators=(",", ":"))


def texts(values: pa.Array) -> pa.Array:
    """Return the values as text. NaN is null; whole floats and decimals have no `.0`."""
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    kind = values.type
    if pa.types.is_floating(kind):
        return _of_floats(values)
    if pa.types.is_temporal(kind) and not pa.types.is_interval(kind):
        return _times(values)
    if pa.types.is_decimal(kind):
        return _without_zeros(_each(values, lambda value: format(value, "f")))
    if any(is_simple(kind) for is_simple in _CAST):
        return pc.cast(values, TEXT)
    return _each(values, _text)


def _of_floats(values: pa.Array) -> pa.Array:
    """Return whole numbers with all their digits, as an id needs them; others as Arrow does."""
    is_whole = pc.and_(pc.equal(values, pc.floor(values)), pc.less(pc.abs(values), _EXACT))
    digits = pc.cast(pc.cast(pc.if_else(is_whole, values, 0), pa.int64()), TEXT)
    others = pc.if_else(pc.is_nan(values), None, pc.cast(values, TEXT))
    return pc.if_else(is_whole, digits, _without_zeros(others))


def _times(values: pa.Array) -> pa.Array:
    kind = values.type
    if pa.types.is_date(kind):
        return pc.cast(values, TEXT)
    if pa.types.is_duration(kind):
        return pc.cast(pc.cast(values, pa.int64()), TEXT)
    if pa.types.is_timestamp(kind):
        if kind.tz is not None:
            values = pc.cast(values, pa.timestamp(kind.unit, _UTC))
        if kind.unit == "ns":
            microseconds = pc.floor_temporal(values, unit="microsecond")
            values = pc.cast(microseconds, pa.timestamp("us", values.type.tz))
    if pa.types.is_time64(kind) and kind.unit == "ns":
        values = pc.cast(values, pa.time64("us"), safe=False)
    return pc.replace_substring_regex(pc.cast(values, TEXT), r"\.0+(Z?)$", r"\1")


def _without_zeros(numbers: pa.Array) -> pa.Array:
    return pc.replace_substring_regex(numbers, r"\.0+$", "")


def _mixed(values: Sequence[object]) -> pa.Array:
    return pa.array([None if value is None else _text(value) for value in values], TEXT)


def _text(value: object) -> str | None:
    if isinstance(value, str):
        return without_surrogates(value)
    if isinstance(value, bytes):
        return _of_bytes(value)
    if isinstance(value, (dict, list, tuple)):
        return as_json(value)
    if isinstance(value, (bool, float)):
        number: str | None = texts(pa.array([value]))[0].as_py()
        return number
    return str(value)


def _of_bytes(value: bytes) -> str:
    """Return bytes as text, or as hex digits if they are not UTF-8, so that ids stay distinct."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.hex()


def _each(values: pa.Array, text: Callable[[Any], str | None]) -> pa.Array:
    """Return the text of each value, made in Python: few columns have such types."""
    items = values.to_pylist(maps_as_pydicts="lossy")
    return pa.array([None if value is None else text(value) for value in items], TEXT)
