"""Numbers, times and kinds of sent text, in Arrow: the same for `check`, `propose` and `refine`.

What cannot be read becomes null. Spaces around a text do not count: `SPACES` has them all.
"""

import re
from datetime import datetime
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from jobs.ingestion.interpreting import iso_times, zones
from warehouse.manifests.sources import Events, Files, Ratings

# What `trimmed` removes: all spaces, tabs and line ends of Unicode. Spark is given the same.
SPACES: Final = "".join(filter(str.isspace, map(chr, range(0x3001))))
_UNITS: Final = {"seconds": 1_000_000, "milliseconds": 1000, "microseconds": 1}
_FIRST: Final = -62_135_596_800_000_000  # 0001-01-01 in microseconds since 1970
_LAST: Final = 253_402_300_799_999_999  # 9999-12-31T23:59:59.999999
_MARKS: Final = {  # what stands between groups of three digits, by `thousands`
    ",": ",", ".": r"\.", " ": r"[ \x{a0}\x{202f}]", "'": r"['\x{2019}]",
}  # fmt: skip
_NUMBER: Final = r"^-?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"


def trimmed(texts: pa.Array) -> pa.StringArray:
    """Return the texts without the characters of `SPACES` around them."""
    return pc.utf8_trim_whitespace(_texts(texts))


def filled(texts: pa.Array) -> pa.StringArray:
    """Return the texts as `trimmed` does; null where nothing is left."""
    without_spaces = trimmed(texts)
    is_blank = pc.equal(without_spaces, "")
    return pc.if_else(is_blank, pa.scalar(None, pa.string()), without_spaces)


def numbers(texts: pa.Array, files: Files) -> pa.DoubleArray:
    """Return the numbers that the texts stand for; null where there is none.

    Texts in `values` have their number there; `true` and `false`, in small or capital letters, are
    1 and 0. Texts in `no_value` are null, as are infinity and NaN.
    """
    plain = trimmed(texts)
    parsed = _plain_numbers(plain, files)
    if parsed.null_count > plain.null_count:
        position = pc.index_in(pc.utf8_lower(plain), value_set=pa.array(["false", "true"]))
        parsed = pc.coalesce(parsed, position.cast(pa.float64()))
    if not isinstance(files, Ratings | Events):
        return parsed
    if files.values:
        words = pa.array([word.strip() for word in files.values], pa.string())
        position = pc.index_in(plain, value_set=words)
        meant = pa.array(files.values.values(), pa.float64()).take(position)
        parsed = pc.coalesce(meant, parsed)
    if not files.no_value:
        return parsed
    return pc.if_else(stands_for_no_value(plain, files), pa.scalar(None, pa.float64()), parsed)


def stands_for_no_value(texts: pa.Array, files: Files) -> pa.BooleanArray:
    """Return where a text is one of `no_value`; numbers may be written differently: "0", "0.0"."""
    plain = trimmed(texts)
    words = files.no_value if isinstance(files, Ratings | Events) else ()
    listed = pc.is_in(plain, value_set=pa.array([word.strip() for word in words], pa.string()))
    as_numbers = _plain_numbers(pa.array(words, pa.string()), files).drop_null()
    if not len(as_numbers):
        return listed
    return pc.or_(listed, pc.is_in(_plain_numbers(plain, files), value_set=as_numbers))


def times(texts: pa.Array, files: Ratings | Events) -> pa.TimestampArray:
    """Return the times in UTC, in microseconds; null if a text is no time in the calendar.

    Times without a zone are in `time_zone`. A local time that occurs twice, because a clock is set
    back, is taken for the earlier one.
    """
    texts = _texts(texts)
    if unit := _UNITS.get(files.time_format):
        return _since_1970(texts, unit, files)
    if files.time_format == "iso":
        local, absolute = iso_times.parsed(trimmed(texts))
    else:
        local, absolute = _by_pattern(trimmed(texts), files.time_format)
    in_utc = zones.to_utc(local.cast(pa.int64()), files.time_zone)
    return _in_calendar(pc.coalesce(absolute.cast(pa.int64()), in_utc))


def kinds(texts: pa.Array, files: Events) -> pa.StringArray:
    """Return the kind of each row: that of the file, or what `kinds` makes of the text.

    A text that is not in `kinds` is the name of its kind; a blank text is null.
    """
    if files.kind is not None:
        return pa.repeat(pa.scalar(files.kind, pa.string()), len(texts))
    named = filled(texts)
    if not files.kinds:
        return named
    words = pa.array([word.strip() for word in files.kinds], pa.string())
    position = pc.index_in(named, value_set=words)
    return pc.coalesce(pa.array(files.kinds.values(), pa.string()).take(position), named)


def _texts(texts: pa.Array) -> pa.StringArray:
    return texts if texts.type == pa.string() else texts.cast(pa.string())


def _plain_numbers(texts: pa.Array, files: Files) -> pa.DoubleArray:
    texts = _texts(texts)
    if files.decimal == "." and (whole := _cast(texts, pa.float64())) is not None:
        return _finite(whole)
    plain = _without_thousands(trimmed(texts), files)
    if files.decimal == ",":
        has_point = pc.match_substring(plain, ".")
        plain = pc.if_else(has_point, None, pc.replace_substring(plain, ",", "."))
    plain = pc.replace_substring_regex(plain, r"^\+", "")
    plain = pc.if_else(pc.match_substring_regex(plain, _NUMBER), plain, None)
    return _finite(plain.cast(pa.float64()))


def _without_thousands(sent: pa.StringArray, files: Files) -> pa.StringArray:
    """Return the numbers with groups of three digits without the marks between the groups.

    Unless the manifest declares the mark, a number has it only beside a decimal separator, as in
    1,234.5: alone, 1,234 may be either.
    """
    decimal = re.escape(files.decimal)
    mark = _MARKS[files.thousands or ("," if files.decimal == "." else ".")]
    fraction = f"({decimal}\\d+)" + ("?" if files.thousands else "")
    grouped = pc.match_substring_regex(sent, rf"^[+-]?[1-9]\d{{0,2}}({mark}\d{{3}})+{fraction}$")
    return pc.if_else(grouped, pc.replace_substring_regex(sent, mark, ""), sent)


def _finite(values: pa.DoubleArray) -> pa.DoubleArray:
    is_finite = pc.is_finite(values)
    return pc.if_else(is_finite, values, pa.scalar(None, pa.float64()))


def _since_1970(texts: pa.StringArray, unit: int, files: Files) -> pa.TimestampArray:
    is_hex = pc.any(pc.match_substring(texts, "x", ignore_case=True)).as_py()  # Arrow reads those
    integers = None if is_hex else _cast(texts, pa.int64())
    if integers is not None:
        in_range = pc.less_equal(pc.abs(integers), -_FIRST // unit * 5)  # the product fits 64 bits
        return _in_calendar(pc.multiply(pc.if_else(in_range, integers, None), unit))
    micros = pc.round(pc.multiply(_plain_numbers(texts, files), float(unit)))
    in_range = pc.less_equal(pc.abs(micros), float(2 * _LAST))
    return _in_calendar(pc.if_else(in_range, micros, None).cast(pa.int64()))


def _in_calendar(micros: pa.Int64Array) -> pa.TimestampArray:
    in_range = pc.and_(pc.greater_equal(micros, _FIRST), pc.less_equal(micros, _LAST))
    return pc.if_else(in_range, micros, pa.scalar(None, pa.int64())).cast(pa.timestamp("us", "UTC"))


def _by_pattern(sent: pa.StringArray, pattern: str) -> tuple[pa.TimestampArray, pa.TimestampArray]:
    """Return local times, and times whose text has a zone; each distinct text is read once."""

    def parsed(text: str) -> datetime | None:
        try:
            return datetime.strptime(text, pattern)  # noqa: DTZ007  # the zone comes later
        except (ValueError, OverflowError):
            return None

    return iso_times.distinct_times(sent, parsed)


def _cast(texts: pa.StringArray, to: pa.DataType) -> pa.Array | None:
    """Return all texts as numbers, or None if one of them is none."""
    try:
        return pc.cast(texts, to)
    except pa.ArrowInvalid:
        return None
