"""Plans of few rows are interpreted: to compile them takes longer than to run them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

FEW: Final = 100_000  # rows
ADAPTIVE: Final = "spark.sql.adaptive.enabled"
SETTINGS: Final = {  # an adaptive plan runs a Spark job for each of its stages
    ADAPTIVE: "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.shuffle.partitions": "2",
}


@contextmanager
def interpreted(spark: "SparkSession", *, n_rows: int) -> Iterator[None]:
    """Interpret the plans that run during the block if they read few rows, `n_rows` in all."""
    settings = SETTINGS if n_rows <= FEW else {}
    before = {name: str(spark.conf.get(name)) for name in settings}
    try:
        for name, value in settings.items():
            spark.conf.set(name, value)
        yield
    finally:
        for name, value in before.items():
            spark.conf.set(name, value)
