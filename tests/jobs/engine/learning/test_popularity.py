"""The popularities on a handful of ratings, worked out by hand."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from pyspark.sql import DataFrame, SparkSession

from jobs.engine.catalogue import Catalogue
from jobs.engine.learning import popularity, segments
from jobs.engine.learning.lists import Block, Ragged
from jobs.engine.recipes import Popular, PopularBySegment, PopularRecently

NOW = datetime(2024, 6, 1, tzinfo=UTC)
ITEMS = Catalogue(
    ids=np.array(["a", "b", "c"], object),
    index=np.array([7, 8, 9], np.int32),
    categories=np.array([[1, 0], [0, 1], [1, 1]], np.float32),
)


def ratings(spark: SparkSession, *rows: tuple[int, int, float, int]) -> DataFrame:
    """Return (user, item, rating, age in days) as ratings."""
    aged = [(u, i, float(r), NOW - timedelta(days=days)) for u, i, r, days in rows]
    return spark.createDataFrame(aged, "user int, item int, rating double, rated_at timestamp")


def groups(spark: SparkSession, attributes: dict[int, str]) -> segments.Segments:
    rows = [(user, {"sex": sex}) for user, sex in attributes.items()]
    users = spark.createDataFrame(rows, "user int, attributes map<string,string>")
    return segments.segments(users, ("sex",))


def one(segment: int = 0, liked: tuple[int, ...] = ()) -> Block:
    places = np.array(liked, np.int64)
    nought = np.zeros(1, np.int32)
    ragged = Ragged(np.zeros_like(places), places)
    return Block(1, nought, np.array([segment], np.int32), ragged, None)


def test_most_popular_counts_what_was_liked(spark: SparkSession) -> None:
    rows = ratings(spark, (1, 7, 5, 0), (2, 7, 4, 0), (1, 8, 4, 0), (2, 8, 3, 0), (3, 99, 5, 0))

    found = popularity.fit(rows, Popular(relevant_from=4), ITEMS, groups(spark, {1: "f"}))

    assert found.scores(one())[0].tolist() == [[2, 1, 0]]
    assert found.scores(one(segment=3))[0].tolist() == [[2, 1, 0]]


def test_a_rating_counts_half_after_a_half_life(spark: SparkSession) -> None:
    rows = ratings(spark, (1, 7, 5, 0), (1, 8, 5, 30), (2, 8, 5, 60), (3, 9, 1, 0))
    recipe = PopularRecently(relevant_from=4, half_life_days=30)

    found = popularity.fit(rows, recipe, ITEMS, groups(spark, {1: "f"}))

    assert found.scores(one())[0].tolist() == [[1, 0.75, 0]]


def test_what_is_liked_lately_trends_whatever_was_disliked_since(spark: SparkSession) -> None:
    rows = ratings(spark, (1, 7, 5, 14), (2, 7, 4, 28), (1, 8, 5, 42), (3, 9, 1, 0), (3, 99, 5, 0))

    found = popularity.trending(rows, ITEMS, relevant_from=4)

    assert found.tolist() == [0.75, 0.125, 0]


def test_people_by_segment_count_more_the_more_they_are(spark: SparkSession) -> None:
    women, men = range(40), range(40, 80)
    liked = [*((u, 7, 5.0, 0) for u in women), *((u, 8, 5.0, 0) for u in men)]
    rows = ratings(spark, *liked, *[(u, 8, 5.0, 0) for u in range(100, 120)])  # of no group
    known = groups(spark, dict.fromkeys(women, "f") | dict.fromkeys(men, "m"))
    recipe = PopularBySegment(relevant_from=4, shrinkage=40, lift=0)

    found = popularity.fit(rows, recipe, ITEMS, known)

    assert known.names == ("", "sex=f", "sex=m")
    by_segment = [found.scores(one(segment))[0][0].tolist() for segment in range(3)]
    assert by_segment[0] == pytest.approx([0.4, 0.6, 0])
    assert by_segment[1] == pytest.approx([(40 + 40 * 0.4) / 80, 40 * 0.6 / 80, 0])
    assert by_segment[2] == pytest.approx([40 * 0.4 / 80, (40 + 40 * 0.6) / 80, 0])


def test_who_likes_a_category_gets_more_of_it(spark: SparkSession) -> None:
    rows = ratings(spark, (1, 7, 5, 0), (2, 8, 5, 0))
    recipe = PopularBySegment(relevant_from=4, lift=0.5, lift_shrinkage=1)
    found = popularity.fit(rows, recipe, ITEMS, groups(spark, {1: "f"}))

    stranger, fan = found.scores(one())[0][0], found.scores(one(liked=(0,)))[0][0]

    assert stranger.tolist() == [0.5, 0.5, 0]
    # of his liking 1 + 0.5 of 2 is the first category, of everybody's half: 1.5 times; then 0.5.
    assert fan == pytest.approx([0.5 * 1.5**0.5, 0.5 * 0.5**0.5, 0])


def test_small_groups_and_people_without_attributes_are_everybody(spark: SparkSession) -> None:
    known = groups(spark, dict.fromkeys(range(30), "f") | dict.fromkeys(range(30, 59), "m"))

    assert known.names == ("", "sex=f")
    assert {row["segment"] for row in known.members.collect()} == {1}


def test_nothing_liked_is_no_error(spark: SparkSession) -> None:
    rows = ratings(spark, (1, 7, 1, 0))

    for recipe in (
        Popular(relevant_from=4),
        PopularRecently(relevant_from=4),
        PopularBySegment(relevant_from=4),
    ):
        found = popularity.fit(rows, recipe, ITEMS, groups(spark, {1: "f"}))
        assert found.scores(one(liked=(0,)))[0].tolist() == [[0, 0, 0]]


def test_people_are_told_with_what_they_saw_and_liked(spark: SparkSession) -> None:
    hidden = spark.createDataFrame([(1, 9), (5, 9)], "user int, item int")
    rows = ratings(spark, (1, 7, 5, 3), (1, 8, 1, 2), (2, 7, 2, 1))

    found = segments.known_users(rows, hidden, groups(spark, {1: "f"}), relevant_from=4)

    by_user = {row["user"]: row for row in found.collect()}
    assert set(by_user) == {1, 2}
    assert sorted(by_user[1]["seen"]) == [7, 8, 9]
    assert (by_user[1]["liked"], by_user[2]["liked"]) == ([7], [])
    assert by_user[2]["segment"] == 0
