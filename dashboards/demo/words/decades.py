"""Decades: options of a filter, which are the first years as text."""

from collections.abc import Sequence

YEARS = 10


def of(year: int) -> str:
    """Return the decade of a year: "1990"."""
    return str(year // YEARS * YEARS)


def between(years: Sequence[int]) -> list[str]:
    """Return the decades from the earliest to the latest year, the latest first."""
    if not years:
        return []
    return [str(first) for first in range(int(of(max(years))), min(years) - YEARS, -YEARS)]


def label(decade: str) -> str:
    """Return the decade as text: "1990s"."""
    return f"{decade}s"


def years(decade: str) -> tuple[int, int]:
    """Return the first and the last year of a decade."""
    return int(decade), int(decade) + YEARS - 1
