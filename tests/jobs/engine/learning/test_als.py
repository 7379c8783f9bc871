"""ALS where the right answer is known, and against the formula of the fold-in."""

import numpy as np
import pytest
from numpy.typing import NDArray
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from scipy import sparse

from jobs.engine.catalogue import Catalogue
from jobs.engine.errors import NothingToLearnError
from jobs.engine.learning import als, lists, models, preference
from jobs.engine.learning.segments import Segments, known_users, user_segments
from jobs.engine.recipes import MAX_ITERATIONS, Als
from jobs.engine.weightings import Centred, StarsFromThreshold
from tests.support.jobs.interactions import STARS, of_ratings

SIZE = 12
SMALL = Als(rank=2, iterations=8)
RATINGS = "user int, item int, rating double, rated_at timestamp"


def checkerboard(spark: SparkSession) -> DataFrame:
    """Even users like even items and dislike odd ones; odd users the other way round.

    Each user has not rated one item of either colour: (user + 2) and (user + 3), modulo SIZE.
    """
    rows = [
        (user, item, 5.0 if (user + item) % 2 == 0 else 1.0)
        for user in range(SIZE)
        for item in range(SIZE)
        if (item - user) % SIZE not in (2, 3)
    ]
    frame = spark.createDataFrame(rows, "user int, item int, rating double")
    return of_ratings(frame.withColumn("rated_at", F.lit("2024-01-01").cast("timestamp")))


def catalogue() -> Catalogue:
    ids = np.array([f"{item:02d}" for item in range(SIZE)], object)
    return Catalogue(
        ids, np.arange(SIZE, dtype=np.int32), sparse.csr_array((SIZE, 0), dtype=np.float32)
    )


def all_users(spark: SparkSession, ratings: DataFrame) -> DataFrame:
    hidden = spark.createDataFrame([], "user int, item int")
    return known_users(ratings, hidden, no_segments(spark), STARS)


def no_segments(spark: SparkSession) -> Segments:
    return user_segments(spark.createDataFrame([], "user int, attributes map<string,string>"), ())


def test_on_a_checkerboard_the_users_own_colour_comes_first(spark: SparkSession) -> None:
    ratings = checkerboard(spark)
    model = models.fit(SMALL, ratings, catalogue(), no_segments(spark), relevant_from=4)

    rows = model.lists(all_users(spark, ratings), 5).collect()

    assert len(rows) == SIZE
    for row in rows:
        own, other = (f"{(row['user'] + step) % SIZE:02d}" for step in (2, 3))
        assert row["item_ids"] == [own, other]
        assert row["personalised"]
        assert np.isfinite(row["scores"]).all()


def test_user_factors_equal_the_formula_of_the_fold_in(spark: SparkSession) -> None:
    ratings = checkerboard(spark).where("NOT (user = 3 AND item > 7)").cache()
    mean = ratings.agg(F.avg("rating")).head()
    assert mean is not None
    recipe = Als(rank=3, iterations=4, weighting=Centred(p=0.6))
    strengths = preference.strengths(ratings, recipe.weighting, global_mean=mean[0]).cache()

    factors = als.fit(strengths, recipe)

    by_user = {row["user"]: row["factors"] for row in factors.users.collect()}
    for user in range(SIZE):
        rows = strengths.where(F.col("user") == user).orderBy("item").collect()
        rated = factors.matrix[[row["item"] for row in rows]]
        strength = np.array([row["strength"] for row in rows])
        expected = fold_in(factors.matrix, rated, strength, recipe)
        assert by_user[user] == pytest.approx(expected, abs=1e-5)


def fold_in(
    items: NDArray[np.float32], rated: NDArray[np.float32], r: NDArray[np.float64], recipe: Als
) -> NDArray[np.float64]:
    """A = YᵀY + Σ alpha|r|·y yᵀ + reg·n₊·I, b = Σ over r > 0 of (1 + alpha|r|)·y; A x = b."""
    y, rated = items.astype(float), rated.astype(float)
    weight = recipe.alpha * np.abs(r)
    liked = r > 0
    a = y.T @ y + (rated * weight[:, None]).T @ rated
    a += recipe.reg * liked.sum() * np.eye(recipe.rank)
    return np.asarray(np.linalg.solve(a, ((1 + weight) * liked) @ rated))


def test_the_same_seed_makes_the_same_factors(spark: SparkSession) -> None:
    weighting = Centred()
    strengths = preference.strengths(checkerboard(spark), weighting, global_mean=3.0).cache()

    first, same, other = (als.fit(strengths, Als(rank=2, seed=seed)) for seed in (1, 1, 2))

    assert np.array_equal(first.matrix, same.matrix)
    assert not np.array_equal(first.matrix, other.matrix)


def test_many_iterations_are_not_too_deep_for_the_jvm(spark: SparkSession) -> None:
    strengths = preference.strengths(checkerboard(spark), Centred(), global_mean=3.0)

    factors = als.fit(strengths, Als(rank=1, iterations=MAX_ITERATIONS))

    assert np.isfinite(factors.matrix).all()


def test_users_without_positive_strengths_get_the_fallback(spark: SparkSession) -> None:
    ratings = checkerboard(spark).withColumn(
        "rating", F.when(F.col("user") == 0, 1.0).otherwise(F.col("rating"))
    )
    ratings = of_ratings(ratings)
    model = models.fit(SMALL, ratings, catalogue(), no_segments(spark), relevant_from=4)

    rows = {row["user"]: row for row in model.lists(all_users(spark, ratings), 5).collect()}

    assert model.factors is not None
    assert model.factors.users.where("user = 0").isEmpty()
    assert not rows[0]["personalised"]
    assert rows[0]["item_ids"] == ["02", "03"]  # equally popular: by id
    assert all(row["personalised"] for user, row in rows.items() if user)


def test_rows_without_a_positive_strength_give_nothing_to_learn_from(spark: SparkSession) -> None:
    recipe = Als(weighting=StarsFromThreshold(threshold=6))

    with pytest.raises(NothingToLearnError, match=recipe.name):
        models.fit(recipe, checkerboard(spark), catalogue(), no_segments(spark), relevant_from=4)


def test_an_item_without_factors_is_no_candidate() -> None:
    scorer = als.FactorScorer(
        items=np.array([[1.0], [0.0]], np.float32),
        candidate=np.array([True, False]),
        fallback=None,  # type: ignore[arg-type] # all users have factors
    )
    empty = lists.Ragged(np.empty(0, np.int64), np.empty(0, np.int64))
    zero = np.zeros(1, np.int32)
    block = lists.Block(1, zero, zero, empty, np.array([[-1.0]], np.float32))

    scores, _ = scorer.scores(block)

    assert scores.tolist() == [[-1.0, -np.inf]]
