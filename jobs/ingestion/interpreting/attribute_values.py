"""Attributes of items in a standard form: numbers, times in ISO 8601, lists as JSON. No Spark."""

import json
import re
from collections.abc import Callable

import pyarrow as pa
import pyarrow.compute as pc

from jobs.ingestion.interpreting import values
from jobs.ingestion.reading.encodings import without_surrogates
from jobs.ingestion.reading.json_values import parsed
from warehouse.manifests.sources import AttributeType, Events, Items

_FORMATS = ("iso", "seconds", "milliseconds")
_YEAR = r"^\d{4}"


def reader(of: AttributeType, section: Items) -> Callable[[pa.Array], pa.StringArray]:
    """Return the function that reads texts of the type; null where there is none."""
    match of:
        case "number":
            return lambda texts: numbers(texts, section)
        case "time":
            return times
        case "list":
            return lists
        case "text":
            return values.filled


def unread(section: Items, name: str, texts: pa.StringArray) -> pa.BooleanArray:
    """Return which texts are not of the attribute's type: these values are left out."""
    read = reader(section.attributes[name], section)(texts)
    return pc.and_(pc.is_null(read), pc.is_valid(values.filled(texts)))


def no_year(texts: pa.StringArray) -> pa.BooleanArray:
    """Return which texts of `released` do not begin with a year."""
    has_year = pc.match_substring_regex(values.filled(texts), _YEAR)
    return pc.invert(pc.fill_null(has_year, True))  # noqa: FBT003  # blank: nothing is left out


def numbers(texts: pa.Array, section: Items) -> pa.StringArray:
    """Return the numbers as text, whole ones without a point; null where there is none."""
    read = values.numbers(texts, section).to_pylist()
    written = [None if n is None else f"{n:.0f}" if n.is_integer() else repr(n) for n in read]
    return pa.array(written, pa.string())


def times(texts: pa.Array) -> pa.StringArray:
    """Return the times in ISO 8601, UTC; null where there is none. Numbers count from 1970."""
    read = [
        values.times(texts, Events(file="", kind="", time_format=time_format))
        for time_format in _FORMATS
    ]
    as_iso = pc.strftime(pc.coalesce(*read), format="%Y-%m-%dT%H:%M:%SZ")
    return pc.replace_substring_regex(as_iso, r"\.0+Z$", "Z").cast(pa.string())


def lists(texts: pa.Array) -> pa.StringArray:
    """Return the lists as JSON; a text that is no JSON list is split at | or commas."""
    return pa.array(
        [None if text is None else _list(text) for text in texts.to_pylist()], pa.string()
    )


def _list(text: str) -> str:
    try:
        read = parsed(text)
    except ValueError:
        read = None
    if not isinstance(read, list):
        read = [part.strip() for part in re.split(r"\|" if "|" in text else ",", text)]
    filled = [part for part in read if part not in ("", None)]
    return without_surrogates(json.dumps(filled, ensure_ascii=False))
