"""Covers drawn for items that have no picture: a pure function of title, year and category."""

from dashboards.covers.poster import cover

__all__ = ["cover"]
