"""Local times of a zone in UTC, by `zoneinfo`, which needs no zone files of the machine."""

from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

_QUARTER: Final = 15 * 60 * 1_000_000  # microseconds; clocks change at whole quarters of an hour
_EPOCH: Final = datetime(1970, 1, 1)  # noqa: DTZ001  # the beginning of local times
_MICROSECOND: Final = timedelta(microseconds=1)


def to_utc(micros: pa.Int64Array, zone: str) -> pa.Int64Array:
    """Return microseconds since 1970 in UTC, given microseconds of the zone's local time.

    A local time that occurs twice, because a clock is set back, is taken for the earlier one. A
    local time that does not occur, because a clock is set forward, gets the offset before the
    change.
    """
    if zone == "UTC" or micros.null_count == len(micros):
        return micros
    filled = pc.fill_null(micros, 0).to_numpy(zero_copy_only=False)
    quarters, positions = np.unique(filled // _QUARTER, return_inverse=True)
    info = ZoneInfo(zone)
    offsets = np.array([_offset(int(quarter) * _QUARTER, info) for quarter in quarters], np.int64)
    return pc.subtract(micros, pa.array(offsets[positions]))


def _offset(micros: int, zone: ZoneInfo) -> int:
    try:
        local = _EPOCH + timedelta(microseconds=micros)
        offset = local.replace(tzinfo=zone).utcoffset()
    except OverflowError:  # at an end of the calendar, where zones mean nothing
        return 0
    return (offset or timedelta()) // _MICROSECOND
