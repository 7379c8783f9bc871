import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from jobs.engine.learning import ages, preference
from jobs.engine.weightings import Centred, MinusMidpoint, StarsFromThreshold

ROWS = [(1, 1, 5.0), (1, 2, 3.0), (2, 1, 2.0), (2, 2, 1.0), (3, 1, 3.0)]
MEAN = 2.8


def strengths(
    spark: SparkSession, weighting: Centred | MinusMidpoint | StarsFromThreshold
) -> dict[tuple[int, int], float]:
    ratings = spark.createDataFrame(ROWS, "user int, item int, rating double")
    rows = preference.strengths(ratings, weighting, global_mean=MEAN).collect()
    return {(row["user"], row["item"]): row["strength"] for row in rows}


def test_ratings_from_the_threshold_have_strength_one(spark: SparkSession) -> None:
    by_pair = strengths(spark, StarsFromThreshold(threshold=3))

    assert by_pair == {(1, 1): 1.0, (1, 2): 1.0, (3, 1): 1.0}


def test_below_the_midpoint_is_negative_and_users_without_positives_are_dropped(
    spark: SparkSession,
) -> None:
    by_pair = strengths(spark, MinusMidpoint(midpoint=4))

    assert by_pair == {(1, 1): 1.0, (1, 2): -1.0}


def test_centring_subtracts_the_shrunk_user_mean_and_the_global_mean(spark: SparkSession) -> None:
    by_pair = strengths(spark, Centred(p=0.5, shrinkage=10, epsilon=1e-6))

    mean = (8 + 10 * MEAN) / 12
    assert by_pair[1, 1] == pytest.approx(5 - (mean + MEAN) / 2 + 1e-6)
    assert by_pair[1, 2] == pytest.approx(3 - (mean + MEAN) / 2 + 1e-6)
    assert {user for user, _ in by_pair} == {1, 3}  # user 2 rated all below the mean


def test_epsilon_makes_an_exact_zero_weakly_positive(spark: SparkSession) -> None:
    by_pair = strengths(spark, Centred(p=1, shrinkage=0, epsilon=1e-6))

    assert by_pair[3, 1] == pytest.approx(1e-6)


def test_a_strength_halves_with_each_half_life_and_stays_positive(spark: SparkSession) -> None:
    days = ((1, 1, 5.0, "2024-01-11"), (1, 2, 3.0, "2024-01-01"), (1, 3, 4.0, "1924-01-01"))
    ratings = spark.createDataFrame(days, "user int, item int, rating double, at string")
    dated = ratings.withColumn("rated_at", F.col("at").cast("timestamp"))
    remaining = ages.remaining(ages.newest(dated), 10)

    rows = preference.strengths(
        dated, StarsFromThreshold(threshold=1), global_mean=MEAN, remaining=remaining
    ).collect()

    by_item = {row["item"]: row["strength"] for row in rows}
    assert by_item == {1: 1.0, 2: pytest.approx(0.5), 3: ages.MIN_REMAINING}


def test_user_means_ignore_the_decay(spark: SparkSession) -> None:
    ratings = spark.createDataFrame(ROWS, "user int, item int, rating double")
    half = preference.strengths(ratings, Centred(), global_mean=MEAN, remaining=F.lit(0.5))

    without_decay = strengths(spark, Centred())

    by_pair = {(row["user"], row["item"]): row["strength"] for row in half.collect()}
    assert by_pair == {
        pair: pytest.approx(strength / 2) for pair, strength in without_decay.items()
    }
