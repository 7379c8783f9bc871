"""Texts without the spaces around them, as `jobs.ingestion.interpreting.values` has them."""

from pyspark.sql import Column
from pyspark.sql import functions as F

from jobs.ingestion.interpreting.values import SPACES


def trimmed(text: str | Column) -> Column:
    """Return the text, or that of the column of this name, without the characters of `SPACES`."""
    return F.btrim(text, F.lit(SPACES))


def filled(text: str | Column) -> Column:
    """Return the text as `trimmed` does; null where nothing is left."""
    return F.nullif(trimmed(text), F.lit(""))
