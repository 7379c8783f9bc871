"""Arrays as Postgres sends them, `array_send(…)`: read at once instead of number by number."""

from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

_HEADER, _DIMENSION = 12, 8  # bytes before the values; an empty array has no dimension
_REAL = np.dtype([("length", ">i4"), ("value", ">f4")])
_TIME = np.dtype([("length", ">i4"), ("value", ">i8")])
_MICROS = 1_000_000
_TIMES_BEGIN = int(datetime(2000, 1, 1, tzinfo=UTC).timestamp()) * _MICROS


def reals(sent: memoryview) -> NDArray[np.float32]:
    """Return the values of a `real[]` without nulls."""
    return np.frombuffer(sent[_HEADER + _DIMENSION :], _REAL)["value"].astype(np.float32)


def micros(sent: memoryview) -> NDArray[np.int64]:
    """Return the values of a `timestamptz[]` without nulls, as microseconds since 1970."""
    times = np.frombuffer(sent[_HEADER + _DIMENSION :], _TIME)["value"].astype(np.int64)
    return np.asarray(times + _TIMES_BEGIN, np.int64)


def matrix(sent: Sequence[memoryview]) -> NDArray[np.float32]:
    """Return arrays `real[]` as the rows of one matrix; it has no column where they are empty.

    Raises:
        ValueError: they are not of one length.
    """
    width = len(sent[0]) if sent else 0
    if width <= _HEADER:
        return np.empty((len(sent), 0), np.float32)
    whole = np.frombuffer(b"".join(sent), np.uint8).reshape(len(sent), width)
    values = np.ascontiguousarray(whole[:, _HEADER + _DIMENSION :]).view(_REAL)
    return values["value"].astype(np.float32)
