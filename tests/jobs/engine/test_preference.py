import pytest
from pyspark.sql import SparkSession

from jobs.engine import preference
from jobs.engine.recipes import Centred, MinusMidpoint, StarsFromThreshold

ROWS = [(1, 1, 5.0), (1, 2, 3.0), (2, 1, 2.0), (2, 2, 1.0), (3, 1, 3.0)]
MEAN = 2.8


def strengths(
    spark: SparkSession, weighting: Centred | MinusMidpoint | StarsFromThreshold
) -> dict[tuple[int, int], float]:
    ratings = spark.createDataFrame(ROWS, "user int, item int, rating double")
    rows = preference.strengths(ratings, weighting, global_mean=MEAN).collect()
    return {(row["user"], row["item"]): row["strength"] for row in rows}


def test_from_a_threshold_on_all_count_one(spark: SparkSession) -> None:
    found = strengths(spark, StarsFromThreshold(threshold=3))

    assert found == {(1, 1): 1.0, (1, 2): 1.0, (3, 1): 1.0}


def test_below_the_midpoint_is_a_no_and_who_says_only_no_is_left_out(spark: SparkSession) -> None:
    found = strengths(spark, MinusMidpoint(midpoint=4))

    assert found == {(1, 1): 1.0, (1, 2): -1.0}


def test_centring_takes_the_shrunk_mean_of_the_user_and_of_all(spark: SparkSession) -> None:
    found = strengths(spark, Centred(p=0.5, shrinkage=10, hair=1e-6))

    mean = (8 + 10 * MEAN) / 12
    assert found[1, 1] == pytest.approx(5 - (mean + MEAN) / 2 + 1e-6)
    assert found[1, 2] == pytest.approx(3 - (mean + MEAN) / 2 + 1e-6)
    assert {user for user, _ in found} == {1, 3}  # user 2 rated all below the mean


def test_a_hair_makes_an_exact_nought_a_weak_yes(spark: SparkSession) -> None:
    found = strengths(spark, Centred(p=1, shrinkage=0, hair=1e-6))

    assert found[3, 1] == pytest.approx(1e-6)
