"""Columns of Spark computed by functions of Arrow arrays, which `check` calls too.

Each becomes an Arrow UDF. Spark evaluates all UDFs of a frame together.
"""

from collections.abc import Callable

import pyarrow as pa
from pyspark.sql import Column
from pyspark.sql.pandas.functions import arrow_udf

Read = Callable[[pa.Array], pa.Array]


def evaluated(read: Read, type_name: str, column: Column) -> Column:
    """Return the column of the Spark type `type_name` that `read` computes from `column`."""

    def hinted(texts: pa.Array) -> pa.Array:
        return read(texts)

    udf: Callable[[Column], Column] = arrow_udf(hinted, type_name)  # type: ignore[call-overload] # the stubs lack calls that rely on the hints
    return udf(column)
