"""Popularity on a few ratings, computed by hand."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from pyspark.sql import DataFrame, SparkSession
from scipy import sparse

from jobs.engine.catalogue import Catalogue
from jobs.engine.learning import popularity
from jobs.engine.learning.lists import Block, Ragged
from jobs.engine.learning.segments import Segments, known_users, user_segments
from jobs.engine.recipes import Popular, PopularBySegment, PopularRecently
from tests.support.jobs.interactions import STARS, of_ratings

NOW = datetime(2024, 6, 1, tzinfo=UTC)
ITEMS = Catalogue(
    ids=np.array(["a", "b", "c"], object),
    index=np.array([7, 8, 9], np.int32),
    categories=sparse.csr_array(np.array([[1, 0], [0, 1], [1, 1]], np.float32)),
)


def ratings(spark: SparkSession, *rows: tuple[int, int, float, int]) -> DataFrame:
    """Return (user, item, rating, age in days) as ratings."""
    aged = [(u, i, float(r), NOW - timedelta(days=days)) for u, i, r, days in rows]
    ratings = "user int, item int, rating double, rated_at timestamp"
    return of_ratings(spark.createDataFrame(aged, ratings))


def by_sex(spark: SparkSession, attributes: dict[int, str]) -> Segments:
    rows = [(user, {"sex": sex}) for user, sex in attributes.items()]
    users = spark.createDataFrame(rows, "user int, attributes map<string,string>")
    return user_segments(users, ("sex",))


def block(segment: int = 0, liked: tuple[int, ...] = ()) -> Block:
    positions = np.array(liked, np.int64)
    ragged = Ragged(np.zeros_like(positions), positions)
    return Block(1, np.zeros(1, np.int32), np.array([segment], np.int32), ragged, None)


def test_popularity_counts_positive_interactions(spark: SparkSession) -> None:
    rows = ratings(spark, (1, 7, 5, 0), (2, 7, 4, 0), (1, 8, 4, 0), (2, 8, 3, 0), (3, 99, 5, 0))

    scorer = popularity.fit(rows, Popular(relevant_from=4), ITEMS, by_sex(spark, {1: "f"}))

    assert scorer.scores(block())[0].tolist() == [[2, 1, 0]]
    assert scorer.scores(block(segment=3))[0].tolist() == [[2, 1, 0]]


def test_a_rating_counts_half_after_a_half_life(spark: SparkSession) -> None:
    rows = ratings(spark, (1, 7, 5, 0), (1, 8, 5, 30), (2, 8, 5, 60), (3, 9, 1, 0))
    recipe = PopularRecently(relevant_from=4, half_life_days=30)

    scorer = popularity.fit(rows, recipe, ITEMS, by_sex(spark, {1: "f"}))

    assert scorer.scores(block())[0].tolist() == [[1, 0.75, 0]]


def test_trending_counts_recent_positive_interactions_only(spark: SparkSession) -> None:
    rows = ratings(spark, (1, 7, 5, 14), (2, 7, 4, 28), (1, 8, 5, 42), (3, 9, 1, 0), (3, 99, 5, 0))

    trending = popularity.recent(rows, popularity.TRENDING_DAYS, ITEMS)

    assert trending.tolist() == [0.75, 0.125, 0]


def test_a_larger_segment_is_shrunk_less_towards_all_users(spark: SparkSession) -> None:
    women, men = range(40), range(40, 80)
    liked = [*((u, 7, 5.0, 0) for u in women), *((u, 8, 5.0, 0) for u in men)]
    rows = ratings(spark, *liked, *[(u, 8, 5.0, 0) for u in range(100, 120)])  # no segment
    segments = by_sex(spark, dict.fromkeys(women, "f") | dict.fromkeys(men, "m"))
    recipe = PopularBySegment(relevant_from=4, shrinkage=40, lift=0)

    scorer = popularity.fit(rows, recipe, ITEMS, segments)

    assert segments.names == ("", "sex=f", "sex=m")
    by_segment = [scorer.scores(block(segment))[0][0].tolist() for segment in range(3)]
    assert by_segment[0] == pytest.approx([0.4, 0.6, 0])
    assert by_segment[1] == pytest.approx([(40 + 40 * 0.4) / 80, 40 * 0.6 / 80, 0])
    assert by_segment[2] == pytest.approx([40 * 0.4 / 80, (40 + 40 * 0.6) / 80, 0])


def test_liked_categories_are_lifted(spark: SparkSession) -> None:
    rows = ratings(spark, (1, 7, 5, 0), (2, 8, 5, 0))
    recipe = PopularBySegment(relevant_from=4, lift=0.5, lift_shrinkage=1)
    scorer = popularity.fit(rows, recipe, ITEMS, by_sex(spark, {1: "f"}))

    unknown, fan = scorer.scores(block())[0][0], scorer.scores(block(liked=(0,)))[0][0]

    assert unknown.tolist() == [0.5, 0.5, 0]
    # The first category is 1.5 of 2 for the fan and half of all: a lift of 1.5, of the other 0.5.
    assert fan == pytest.approx([0.5 * 1.5**0.5, 0.5 * 0.5**0.5, 0])


def test_small_segments_and_users_without_attributes_have_no_segment(spark: SparkSession) -> None:
    segments = by_sex(spark, dict.fromkeys(range(30), "f") | dict.fromkeys(range(30, 59), "m"))

    assert segments.names == ("", "sex=f")
    assert {row["segment"] for row in segments.members.collect()} == {1}


def test_no_positive_interactions_score_zero(spark: SparkSession) -> None:
    rows = ratings(spark, (1, 7, 1, 0))

    for recipe in (
        Popular(relevant_from=4),
        PopularRecently(relevant_from=4),
        PopularBySegment(relevant_from=4),
    ):
        scorer = popularity.fit(rows, recipe, ITEMS, by_sex(spark, {1: "f"}))
        assert scorer.scores(block(liked=(0,)))[0].tolist() == [[0, 0, 0]]


def test_known_users_have_seen_and_liked_items(spark: SparkSession) -> None:
    hidden = spark.createDataFrame([(1, 9), (5, 9)], "user int, item int")
    rows = ratings(spark, (1, 7, 5, 3), (1, 8, 1, 2), (2, 7, 2, 1))

    users = known_users(rows, hidden, by_sex(spark, {1: "f"}), STARS)

    by_user = {row["user"]: row for row in users.collect()}
    assert set(by_user) == {1, 2}
    assert sorted(by_user[1]["seen"]) == [7, 8, 9]
    assert (by_user[1]["liked"], by_user[2]["liked"]) == ([7], [])
    assert by_user[2]["segment"] == 0
