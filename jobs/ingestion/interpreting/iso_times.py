"""Times of ISO 8601 as text: extended and basic forms, week dates, a year, a month, offsets, UTC.

Common forms are read by Arrow, all others by Python, each distinct text once.
"""

from collections.abc import Callable
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.compute as pc

LOCAL = pa.timestamp("us")
ABSOLUTE = pa.timestamp("us", "UTC")

_TOO_FINE = r"([.,]\d{6})\d+"  # digits after the microseconds
_UTC = r"(?i)\s*(utc|gmt|z)$"
_BLANK_BEFORE_OFFSET = r"(:\d\d(?:\.\d+)?) ([+-]\d\d:?\d\d)$"
_COMMON = (
    r"^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])"
    r"([ T]([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,6})?)?)?"
)
_COMMON_LOCAL = f"{_COMMON}$"
# a text with an offset has a time of day: without the last `?` it is not optional
_COMMON_ABSOLUTE = _COMMON.removesuffix("?") + r"[+-]([01]\d|2[0-3]):?[0-5]\d$"
_REST_OF_DATE = {4: "-01-01", 7: "-01"}  # of a year, of a year and month, by their length


def parsed(trimmed: pa.StringArray) -> tuple[pa.TimestampArray, pa.TimestampArray]:
    """Return two arrays: the times without a zone, and the times whose text has one, in UTC.

    Each time is in one of the arrays and null in the other; a text that is no time is null in both.
    """
    texts = pc.replace_substring_regex(trimmed, _TOO_FINE, r"\1")
    texts = pc.replace_substring_regex(texts, _UTC, "+00:00")
    texts = pc.replace_substring_regex(texts, _BLANK_BEFORE_OFFSET, r"\1\2")
    local = _cast(texts, _COMMON_LOCAL, LOCAL)
    absolute = _cast(texts, _COMMON_ABSOLUTE, ABSOLUTE)
    unread = pc.and_(pc.is_null(local), pc.is_null(absolute))
    others = pc.if_else(unread, texts, pa.scalar(None, pa.string()))
    if others.null_count == len(others):
        return local, absolute
    other_local, other_absolute = distinct_times(others, _from_text)
    return pc.coalesce(local, other_local), pc.coalesce(absolute, other_absolute)


def distinct_times(
    texts: pa.StringArray, parse: Callable[[str], datetime | None]
) -> tuple[pa.TimestampArray, pa.TimestampArray]:
    """Return two arrays as `parsed` does; `parse` is called once for each distinct text."""
    encoded = texts.dictionary_encode()
    times = [parse(text) for text in encoded.dictionary.to_pylist()]
    local = [time if time is not None and time.tzinfo is None else None for time in times]
    absolute = [_in_utc(time) if time is not None and time.tzinfo else None for time in times]
    return (
        pa.array(local, LOCAL).take(encoded.indices),
        pa.array(absolute, ABSOLUTE).take(encoded.indices),
    )


def _cast(texts: pa.StringArray, form: str, to: pa.DataType) -> pa.TimestampArray:
    """Return the times of this form.

    All are null if one is not in the calendar, such as 30 February: Python then reads them all.
    """
    matching = pc.if_else(
        pc.match_substring_regex(texts, form), texts, pa.scalar(None, pa.string())
    )
    try:
        return pc.cast(matching, to)
    except pa.ArrowInvalid:
        return pa.nulls(len(texts), to)


def _from_text(text: str) -> datetime | None:
    try:
        if (text[:4] + text[5:]).isdecimal():
            text += _REST_OF_DATE.get(len(text), "")
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _in_utc(time: datetime) -> datetime | None:
    try:
        return time.astimezone(UTC)
    except OverflowError:
        return None
