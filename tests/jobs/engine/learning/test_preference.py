from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from jobs.engine.learning import ages, preference
from jobs.engine.learning.ages import Decay
from jobs.engine.weightings import Centred, Events, MinusMidpoint, Saturation, StarsFromThreshold
from ranking.strengths import of_events as strengths_of_numpy

ROWS = [(1, 1, 5.0), (1, 2, 3.0), (2, 1, 2.0), (2, 2, 1.0), (3, 1, 3.0)]
MEAN = 2.8
DAY = 86_400_000_000


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
    decay = Decay(ages.newest(dated), half_life_days=10)

    rows = preference.strengths(dated, StarsFromThreshold(threshold=1), decay=decay).collect()

    by_item = {row["item"]: row["strength"] for row in rows}
    assert by_item == {1: 1.0, 2: pytest.approx(0.5), 3: ages.MIN_REMAINING}


def test_user_means_ignore_the_decay(spark: SparkSession) -> None:
    ratings = spark.createDataFrame(ROWS, "user int, item int, rating double")
    dated = ratings.withColumn("rated_at", F.timestamp_seconds(F.lit(0)))
    decay = Decay(end=DAY, half_life_days=1)
    half = preference.strengths(dated, Centred(), global_mean=MEAN, decay=decay)

    without_decay = strengths(spark, Centred())

    by_pair = {(row["user"], row["item"]): row["strength"] for row in half.collect()}
    assert by_pair == {
        pair: pytest.approx(strength / 2) for pair, strength in without_decay.items()
    }


NOW = datetime(2024, 6, 1, tzinfo=UTC)
KINDS = "map<string,struct<n:bigint,amount:double,last_at:timestamp>>"
amounts = st.none() | st.floats(-2, 1e6)


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    pairs=st.lists(st.tuples(amounts, amounts, st.integers(0, 900)), min_size=1, max_size=8),
    saturation=st.sampled_from(("binary", "log1p", "capped")),
    half_life_days=st.none() | st.floats(1, 400),
)
def test_strengths_of_events_are_those_of_numpy(
    spark: SparkSession,
    pairs: list[tuple[float | None, float | None, int]],
    saturation: Saturation,
    half_life_days: float | None,
) -> None:
    weighting = Events(weights=(("buy", 5), ("view", 0.5)), saturation=saturation, cap=4)
    rows = [
        (
            at,
            at,
            NOW,
            {"buy": (1, buy, NOW - timedelta(days=days))} if buy is not None else {},
            {"view": (2, view, NOW)} if view is not None else {},
        )
        for at, (buy, view, days) in enumerate(pairs)
    ]
    frame = spark.createDataFrame(
        rows, f"user int, item int, rated_at timestamp, buys {KINDS}, views {KINDS}"
    ).select("user", "item", "rated_at", F.map_concat("buys", "views").alias("kinds"))
    decay = None if half_life_days is None else Decay(ages.newest(frame), half_life_days)

    of_spark = preference.strengths(frame, weighting, decay=decay).collect()

    of_numpy = strengths_of_numpy(
        np.array([[buy or 0, view or 0] for buy, view, _ in pairs]),
        np.array([[days, 0] for *_, days in pairs], float),
        np.array([5, 0.5]),
        saturation=saturation,
        cap=4,
        half_life_days=half_life_days,
    )
    assert {row["user"]: row["strength"] for row in of_spark} == {
        user: pytest.approx(strength, rel=1e-6)
        for user, strength in enumerate(of_numpy)
        if strength > 0
    }


def test_a_rating_from_the_threshold_counts_as_the_heaviest_kind(spark: SparkSession) -> None:
    frame = spark.createDataFrame(
        [(1, 1, 4.0, {"view": (1, 1.0, NOW)}), (1, 2, 3.0, {}), (1, 3, 5.0, None)],
        f"user int, item int, rating double, kinds {KINDS}",
    )
    weighting = Events(weights=(("buy", 5), ("view", 1)), saturation="binary", threshold=4)

    rows = preference.strengths(frame, weighting).collect()

    assert {row["item"]: row["strength"] for row in rows} == {1: 6, 3: 5}


def test_pairs_without_a_rating_do_not_count_for_weightings_of_ratings(
    spark: SparkSession,
) -> None:
    frame = spark.createDataFrame([*ROWS, (1, 9, None)], "user int, item int, rating double")

    rows = preference.strengths(frame, Centred(), global_mean=MEAN).collect()

    assert {(row["user"], row["item"]): row["strength"] for row in rows} == strengths(
        spark, Centred()
    )
