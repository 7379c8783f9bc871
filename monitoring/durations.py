"""Durations and sizes in the texts of the status."""

from datetime import datetime, timedelta

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
THOUSAND = 1000


def length(duration: timedelta) -> str:
    """Return a duration in its largest unit: "45 s", "12 min", "5 h", "3 days"."""
    if duration < MINUTE:
        return f"{max(duration.total_seconds(), 0):.0f} s"
    if duration < HOUR:
        return f"{duration // MINUTE} min"
    if duration < 2 * DAY:
        return f"{duration // HOUR} h"
    return f"{duration // DAY} days"


def age(since: datetime, now: datetime) -> str:
    """Return the time since a moment in its largest unit."""
    return length(now - since)


def counted(n: int, noun: str) -> str:
    """Return a number with its noun: "1 event", "1,200 events"."""
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


def size(n_bytes: float) -> str:
    """Return a number of bytes in its largest unit: "512 B", "3.2 MB", "41 GB"."""
    value, units = float(n_bytes), iter(("B", "kB", "MB", "GB", "TB"))
    unit = next(units)
    for larger in units:
        if value < THOUSAND:
            break
        value, unit = value / THOUSAND, larger
    digits = 1 if unit != "B" and value < 10 else 0  # noqa: PLR2004 # tenths matter below 10
    return f"{value:.{digits}f} {unit}"
