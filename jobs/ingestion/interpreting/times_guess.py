"""Guess in which format texts are times: the first that reads nearly all as plausible times."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from jobs.ingestion.interpreting import values
from warehouse.manifests.sources import Files, Ratings

UNITS: Final = ("seconds", "milliseconds", "microseconds")
COMPACT: Final = {  # by format: how the digits look
    "%Y%m%d": r"^(19|20)\d{6}$", "%Y%m%d%H%M": r"^(19|20)\d{10}$",
    "%Y%m%d%H%M%S": r"^(19|20)\d{12}$",
}  # fmt: skip
_FIRST: Final = datetime(1990, 1, 1, tzinfo=UTC)
_MOSTLY: Final = 0.9
_ENOUGH: Final = 500  # texts
_MONTH_FIRST: Final = (
    "%m/%d/%Y %H:%M", "%m/%d/%Y %H:%M:%S", "%m/%d/%Y %I:%M:%S %p", "%m/%d/%Y %I:%M %p", "%m/%d/%Y",
    "%m-%d-%Y", "%m-%d-%Y %H:%M", "%m-%d-%Y %H:%M:%S",
)  # fmt: skip
_FORMATS: Final = (
    *UNITS, "iso", *_MONTH_FIRST, "%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M", "%d.%m.%Y",
    "%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M", "%Y/%m/%d", "%d-%b-%Y", "%d-%b-%Y %H:%M:%S",
    "%m %d, %Y", "%b %d, %Y", "%B %d, %Y", "%d %B %Y", "%d %b %Y",
    "%d/%b/%Y:%H:%M:%S %z", "%a %b %d %H:%M:%S %z %Y", "%a, %d %b %Y %H:%M:%S %z",
)  # fmt: skip
_DAY_AND_MONTH: Final = r"^\s*(?P<first>\d{1,2})[/-](?P<second>\d{1,2})[/-]\d{4}"
_LAST_MONTH: Final = 12


@dataclass(frozen=True, slots=True)
class TimeFormat:
    """A format of times. `other` reads the texts too, with day and month exchanged; "" if none."""

    name: str
    other: str = ""


def likely(texts: pa.StringArray) -> TimeFormat | None:
    """Return the format: seconds, milliseconds, microseconds, iso or a pattern; None if none.

    For dates such as 03/04/2024 all texts of the column are read: a number above 12 is a day, which
    shows the order of day and month. Without such a number, `other` has the other order, and the
    format has the order with fewer times in the future, else the one by which the rows are sorted,
    else the month first.
    """
    filled = texts.drop_null()
    if not len(filled):
        return None
    sample = filled.take(np.unique(np.linspace(0, len(filled) - 1, _ENOUGH).astype(int)))
    are_numbers = values.numbers(sample, Files(file="")).null_count == 0
    for name in (*_compact(sample), *_FORMATS):
        if name == "iso" and are_numbers:
            continue
        orders = (name, _day_first(name)) if name in _MONTH_FIRST else (name,)
        if max(_n_plausible(sample, order) for order in orders) >= _MOSTLY * len(sample):
            return TimeFormat(name) if len(orders) == 1 else _ordered(name, filled)
    return None


def _compact(sample: pa.StringArray) -> list[str]:
    """Return the formats without separators whose form nearly all texts have."""
    return [
        name
        for name, form in COMPACT.items()
        if (pc.sum(pc.match_substring_regex(sample, form)).as_py() or 0) >= _MOSTLY * len(sample)
    ]


def _n_plausible(texts: pa.StringArray, name: str) -> int:
    times = _times(texts, name)
    latest = _now() + timedelta(days=366)
    plausible = pc.and_(
        pc.greater(times, pa.scalar(_FIRST, times.type)),
        pc.less(times, pa.scalar(latest, times.type)),
    )
    return int(pc.sum(plausible).as_py() or 0)


def _times(texts: pa.StringArray, name: str) -> pa.TimestampArray:
    return values.times(texts, Ratings(file="", time_format=name)).drop_null()


def _day_first(name: str) -> str:
    return name.replace("%m/%d", "%d/%m").replace("%m-%d", "%d-%m")


def _ordered(month_first: str, texts: pa.StringArray) -> TimeFormat:
    day_first = _day_first(month_first)
    numbers = pc.extract_regex(texts, _DAY_AND_MONTH).drop_null()
    n_days = {
        name: pc.sum(pc.greater(numbers.field(name).cast(pa.int64()), _LAST_MONTH)).as_py() or 0
        for name in ("first", "second")
    }
    if n_days["first"] != n_days["second"]:
        return TimeFormat(day_first if n_days["first"] > n_days["second"] else month_first)
    sample = texts[:_ENOUGH]  # in the order of the rows
    best = min((month_first, day_first), key=lambda name: _oddness(_times(sample, name)))
    return TimeFormat(best, month_first if best == day_first else day_first)


def _oddness(times: pa.TimestampArray) -> tuple[int, bool]:
    """Return how many times are in the future, and whether the rows are not sorted by time."""
    now = pa.scalar(_now(), times.type)
    steps = np.diff(times.cast(pa.int64()).to_numpy())
    is_sorted = bool((steps >= 0).all() or (steps <= 0).all())
    return int(pc.sum(pc.greater(times, now)).as_py() or 0), not is_sorted


def _now() -> datetime:
    return datetime.now(UTC)
