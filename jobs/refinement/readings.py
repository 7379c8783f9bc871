"""Columns that Spark has computed by functions of Arrow arrays, which `check` calls too.

Each function returns a column of an Arrow UDF. Spark evaluates all of one frame together.
"""

from collections.abc import Callable

import pyarrow as pa
from pyspark.sql import Column
from pyspark.sql.pandas.functions import arrow_udf

Read = Callable[[pa.Array], pa.Array]


def evaluated(read: Read, type_name: str, column: Column) -> Column:
    """Return the column of this Spark type that the function makes of another one."""

    def hinted(texts: pa.Array) -> pa.Array:
        return read(texts)

    udf: Callable[[Column], Column] = arrow_udf(hinted, type_name)  # type: ignore[call-overload] # the stubs lack calls that rely on the hints
    return udf(column)
