"""First days of months."""

from datetime import datetime


def earlier(month: datetime, n: int) -> datetime:
    """Return the first day of the month `n` months earlier; later if `n` is negative."""
    year, index = divmod(month.year * 12 + month.month - 1 - n, 12)
    return month.replace(year=year, month=index + 1, day=1)


def months_between(first: datetime, last: datetime) -> list[datetime]:
    """Return the first days of the months from `first` to `last`, both included."""
    n = (last.year - first.year) * 12 + last.month - first.month
    return [earlier(last, n - at) for at in range(n + 1)]
