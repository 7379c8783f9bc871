"""Decode Postgres arrays from `array_send(…)` with numpy instead of number by number."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_HEADER, _DIMENSION = 12, 8  # bytes before the values; empty arrays have no dimension
_REAL = np.dtype([("length", ">i4"), ("value", ">f4")])
_TIME = np.dtype([("length", ">i4"), ("value", ">i8")])
POSTGRES_EPOCH = 946_684_800_000_000  # 2000-01-01, in microseconds since 1970


def reals(sent: memoryview) -> NDArray[np.float32]:
    """Return the values of a `real[]` without nulls."""
    return np.frombuffer(sent[_HEADER + _DIMENSION :], _REAL)["value"].astype(np.float32)


def micros(sent: memoryview) -> NDArray[np.int64]:
    """Return the values of a `timestamptz[]` without nulls, as microseconds since 1970."""
    times = np.frombuffer(sent[_HEADER + _DIMENSION :], _TIME)["value"].astype(np.int64)
    return np.asarray(times + POSTGRES_EPOCH, np.int64)


def matrix(sent: Sequence[memoryview]) -> NDArray[np.float32]:
    """Return `real[]` arrays as the rows of a matrix, without columns if they are empty.

    Raises:
        ValueError: the arrays differ in length.
    """
    width = len(sent[0]) if sent else 0
    if width <= _HEADER:
        return np.empty((len(sent), 0), np.float32)
    rows = np.frombuffer(b"".join(sent), np.uint8).reshape(len(sent), width)
    values = np.ascontiguousarray(rows[:, _HEADER + _DIMENSION :]).view(_REAL)
    return values["value"].astype(np.float32)
