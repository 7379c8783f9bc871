"""Cuts of backtests: months and weeks before and after a time, and which cuts the events allow."""

import calendar
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import pyarrow.compute as pc

from jobs.runtime.errors import NothingSentError, WithoutTimesError
from warehouse.datasets import Dataset
from warehouse.maintenance import inventory
from warehouse.query import Lake
from warehouse.tables import SILVER_EVENTS
from warehouse.tables.vocabulary import MAX_BACKTEST_CUTS, BacktestPeriod

TIME: Final = "occurred_at"


@dataclass(frozen=True, slots=True)
class Bounds:
    """The times of the oldest and of the newest event."""

    oldest: datetime
    newest: datetime


def bounds(root: str) -> Bounds | None:
    """Return the bounds of the data set's events; None if it has none.

    They are read from the table's log, to the millisecond; if it lacks them, from all rows.
    """
    lake = Lake(root)
    if not lake.exists(SILVER_EVENTS):
        return None
    if logged := inventory.time_range(lake, SILVER_EVENTS, TIME):
        return Bounds(*logged)
    batches = lake.batches(SILVER_EVENTS, columns=[TIME])
    ranges = [pc.min_max(batch[TIME]).as_py() for batch in batches]
    if not ranges:
        return None
    return Bounds(min(r["min"] for r in ranges), max(r["max"] for r in ranges))


def require_bounds(root: str, dataset: Dataset) -> Bounds:
    """Return the bounds of the data set's events.

    Raises:
        WithoutTimesError: the events have no times.
        NothingSentError: there are no events yet.
    """
    if not dataset.has_times:
        raise WithoutTimesError(f"{dataset.name}: without times, no event is before a cut")
    events = bounds(root)
    if events is None:
        raise NothingSentError(f"{dataset.name}: it has no events; run its ingest first")
    return events


def shifted(cut: datetime, period: BacktestPeriod, n: int) -> datetime:
    """Return the time `n` periods later; earlier if `n` is negative.

    A month later is the same day of the next month, or its last day if it is shorter.
    """
    if period == "week":
        return cut + timedelta(weeks=n)
    year, month = divmod(cut.year * 12 + cut.month - 1 + n, 12)
    last_day = calendar.monthrange(year, month + 1)[1]
    return cut.replace(year=year, month=month + 1, day=min(cut.day, last_day))


def start(at: datetime, period: BacktestPeriod) -> datetime:
    """Return the start of the month, or of the week (Monday), that contains a time."""
    midnight = at.replace(hour=0, minute=0, second=0, microsecond=0)
    if period == "week":
        return midnight - timedelta(days=midnight.weekday())
    return midnight.replace(day=1)


def newest(events: Bounds, period: BacktestPeriod) -> datetime:
    """Return the newest cut whose test rows are from a whole month or week."""
    return shifted(start(events.newest, period), period, -1)


def problem(cut: datetime, period: BacktestPeriod, events: Bounds) -> str | None:
    """Return why this cut cannot be evaluated; None if it can."""
    if cut <= events.oldest:
        return f"no event is before {cut:%Y-%m-%d}; the oldest is from {events.oldest:%Y-%m-%d}"
    if cut > events.newest:
        return f"no event is after {cut:%Y-%m-%d}; the newest is from {events.newest:%Y-%m-%d}"
    first = shifted(start(events.newest, period), period, -MAX_BACKTEST_CUTS)
    if cut < first:
        limit = f"only the newest {MAX_BACKTEST_CUTS} {period}s of the data"
        return f"{cut:%Y-%m-%d} is too old: a backtest evaluates {limit}, from {first:%Y-%m-%d} on"
    return None
