"""Settings that interpret the plans of few rows, and only theirs."""

import pytest
from pyspark.sql import SparkSession

from jobs.runtime import few_rows

CODEGEN, STAGES = "spark.sql.codegen.wholeStage", "spark.sql.shuffle.partitions"


@pytest.fixture
def compiling(spark: SparkSession) -> None:
    spark.conf.set(CODEGEN, "true")
    spark.conf.set(STAGES, "4")


def state(spark: SparkSession) -> tuple[str | None, str | None]:
    return spark.conf.get(CODEGEN), spark.conf.get(STAGES)


def interrupted(spark: SparkSession) -> None:
    with few_rows.interpreted(spark, n_rows=few_rows.FEW):
        assert state(spark) == ("false", "2")
        raise InterruptedError


@pytest.mark.usefixtures("compiling")
def test_plans_are_interpreted_for_few_rows_and_until_the_block_ends(spark: SparkSession) -> None:
    try:
        with pytest.raises(InterruptedError):
            interrupted(spark)
        assert state(spark) == ("true", "4")
        with few_rows.interpreted(spark, n_rows=few_rows.FEW + 1):
            assert state(spark) == ("true", "4")
    finally:
        for name in (CODEGEN, STAGES):
            spark.conf.set(name, few_rows.SETTINGS[name])
