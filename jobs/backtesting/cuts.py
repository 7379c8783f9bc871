"""Cuts of backtests: months and weeks before and after a time, and which cuts the events allow."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pyarrow.compute as pc

from jobs.runtime.errors import NothingSentError, WithoutTimesError
from warehouse.datasets import Dataset
from warehouse.query import Lake
from warehouse.tables import SILVER_EVENTS
from warehouse.tables.vocabulary import MAX_BACKTEST_CUTS, BacktestPeriod


@dataclass(frozen=True, slots=True)
class Bounds:
    """The times of the oldest and of the newest event."""

    oldest: datetime
    newest: datetime


def bounds(root: str) -> Bounds | None:
    """Return the bounds of the data set's events; None if it has none."""
    lake = Lake(root)
    if not lake.exists(SILVER_EVENTS):
        return None
    batches = lake.batches(SILVER_EVENTS, columns=["occurred_at"])
    ranges = [pc.min_max(batch["occurred_at"]).as_py() for batch in batches]
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
    after = datetime(year + (month == 11), (month + 1) % 12 + 1, 1, tzinfo=UTC)  # noqa: PLR2004
    last_day = (after - timedelta(days=1)).day
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
