"""Conditions on texts and ids: missing, not text, longer than what Postgres indexes."""

from pyspark.sql import Column
from pyspark.sql import functions as F

# Postgres indexes title and id together, vendors and categories: at most 2,704 bytes.
MAX_TEXT_BYTES = 1600
MAX_ID_BYTES = 1024  # the API takes 256 characters


def id_checks(*columns: str) -> dict[str, Column]:
    """Return the checks of columns with ids, by name."""
    missing = {f"{name.removesuffix('_id')}_missing": blank(name) for name in columns}
    return {
        **missing,
        "id_not_text": with_nul(*columns),
        "id_too_long": _longest(*columns) > MAX_ID_BYTES,
    }


def blank(column: str) -> Column:
    """Return whether the text is missing or has only blanks."""
    return F.coalesce(F.trim(column), F.lit("")) == ""


def with_nul(*columns: str | Column) -> Column:
    """Return whether one of the texts has a NUL byte, which no database accepts in text."""
    return true(F.contains(F.concat_ws("", *columns), F.lit("\0")))


def values(name: str) -> Column:
    """Return the values of a map as one text."""
    return F.concat_ws("", F.map_values(name))


def any_long(*columns: str) -> Column:
    """Return whether one of the texts is too long for an index."""
    return _longest(*columns) > MAX_TEXT_BYTES


def is_long(text: Column) -> Column:
    """Return whether the text is too long for an index."""
    return F.octet_length(text) > MAX_TEXT_BYTES


def _longest(*columns: str) -> Column:
    """Return the length of the longest text in bytes, 0 without any."""
    return F.greatest(F.lit(0), *[F.octet_length(name) for name in columns])


def true(condition: Column) -> Column:
    """Return the condition with false in place of null."""
    return F.coalesce(condition, F.expr("false"))
