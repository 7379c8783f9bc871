"""Numbers, times, kinds and conditions of sent text in Spark, by the functions that `check` calls.

Each function returns a column of an Arrow UDF. Spark evaluates all of one frame together.
"""

from collections.abc import Callable

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import Column
from pyspark.sql import functions as F
from pyspark.sql.pandas.functions import arrow_udf

from jobs.ingestion import conditions, values
from warehouse.manifests.sources import Events, Files, Ratings

Read = Callable[[pa.Array], pa.Array]


def numbers(text: str, files: Files) -> Column:
    """Return the numbers of a column of text: null without a text, NaN if the text is none."""

    def read(texts: pa.Array) -> pa.Array:
        found = values.numbers(texts, files)
        if found.null_count == texts.null_count:
            return found
        is_filled = pc.not_equal(pc.utf8_trim_whitespace(texts), "")
        is_meant = pc.and_not(is_filled, values.stands_for_no_value(texts, files))
        unreadable = pc.and_(found.is_null(), pc.fill_null(is_meant, False))  # noqa: FBT003
        return pc.if_else(unreadable, pa.scalar(float("nan")), found)

    return evaluated(read, "double", F.col(text))


def without_value(text: str, files: Files) -> Column:
    """Return whether a text is one of the section's `no_value`."""

    def read(texts: pa.Array) -> pa.Array:
        return pc.fill_null(values.stands_for_no_value(texts, files), False)  # noqa: FBT003

    return evaluated(read, "boolean", F.col(text))


def times(text: str, files: Ratings | Events) -> Column:
    """Return the times of a column of text in UTC; null where there is none in the calendar."""

    def read(texts: pa.Array) -> pa.Array:
        return values.times(texts, files)

    return evaluated(read, "timestamp", F.col(text))


def kinds(text: str, files: Events) -> Column:
    """Return the kinds of a column of text; null where it is blank."""
    if files.kind is not None:
        return F.lit(files.kind)

    def read(texts: pa.Array) -> pa.Array:
        return values.kinds(texts, files)

    return evaluated(read, "string", F.col(text))


def kept(files: Files) -> Column:
    """Return whether the section's `keep_if` keeps a row, by its column `extra`."""
    names = conditions.columns(files)
    if not names:
        return F.expr("true")

    def read(extra: pa.Array) -> pa.Array:
        texts = {name: extra.field(position) for position, name in enumerate(names)}
        return conditions.kept(texts, files, len(extra))

    fields = [F.col("extra")[name].alias(f"c{at}") for at, name in enumerate(names)]
    return evaluated(read, "boolean", F.struct(*fields))


def evaluated(read: Read, type_name: str, column: Column) -> Column:
    """Return the column of this Spark type that the function makes of another one."""

    def hinted(texts: pa.Array) -> pa.Array:
        return read(texts)

    udf: Callable[[Column], Column] = arrow_udf(hinted, type_name)  # type: ignore[call-overload] # the stubs lack calls that rely on the hints
    return udf(column)
