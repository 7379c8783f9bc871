"""Cover art for items without a picture: a pure function of title, year and category."""

from dashboards.covers.composition import cover

__all__ = ["cover"]
