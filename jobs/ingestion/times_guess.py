"""Guess in which format texts are times: the first that reads nearly all as plausible times."""

from datetime import UTC, datetime, timedelta
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from jobs.ingestion import values
from warehouse.manifests.sources import Files, Ratings

UNITS: Final = ("seconds", "milliseconds", "microseconds")
_FIRST: Final = datetime(1990, 1, 1, tzinfo=UTC)
_MOSTLY: Final = 0.9
_ENOUGH: Final = 500  # texts
_FORMATS: Final = (
    *UNITS, "iso", "%m/%d/%Y %H:%M", "%d/%m/%Y %H:%M",
    "%m/%d/%Y %H:%M:%S", "%d/%m/%Y %H:%M:%S", "%m/%d/%Y %I:%M:%S %p", "%m/%d/%Y %I:%M %p",
    "%m/%d/%Y", "%d/%m/%Y", "%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M", "%d.%m.%Y",
    "%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M", "%Y/%m/%d", "%d-%b-%Y", "%d-%b-%Y %H:%M:%S",
    "%d-%m-%Y", "%d-%m-%Y %H:%M", "%m %d, %Y", "%b %d, %Y", "%B %d, %Y", "%d %B %Y", "%d %b %Y",
    "%d/%b/%Y:%H:%M:%S %z", "%a %b %d %H:%M:%S %z %Y", "%a, %d %b %Y %H:%M:%S %z",
)  # fmt: skip


def likely_format(texts: pa.StringArray) -> str | None:
    """Return the format: seconds, milliseconds, microseconds, iso or a pattern; None if none."""
    sample = texts.drop_null()[:_ENOUGH]
    if not len(sample):
        return None
    are_numbers = values.numbers(sample, Files(file="")).null_count == 0
    latest = datetime.now(UTC) + timedelta(days=366)
    for name in _FORMATS:
        if name == "iso" and are_numbers:
            continue
        found = values.times(sample, Ratings(file="", time_format=name)).drop_null()
        plausible = pc.and_(
            pc.greater(found, pa.scalar(_FIRST, found.type)),
            pc.less(found, pa.scalar(latest, found.type)),
        )
        if (pc.sum(plausible).as_py() or 0) >= _MOSTLY * len(sample):
            return name
    return None
