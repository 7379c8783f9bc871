"""Item-item models where the right answer is known, and Spark's neighbours beside the driver's."""

import numpy as np
import pytest
from numpy.typing import NDArray
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from scipy import sparse

from jobs.engine.errors import NothingToLearnError, TooManyItemsError
from jobs.engine.item_recipes import Ease, ItemItem
from jobs.engine.learning import item_item, models, neighbours, neighbours_in_spark
from jobs.engine.learning.baselines import ItemCosine
from jobs.engine.learning.item_item import NeighbourScorer
from jobs.engine.learning.lists import Block, Ragged
from jobs.engine.learning.models import Model
from jobs.engine.learning.popularity import PopularityScorer
from jobs.retraining import item_tables
from serving.lists import neighbours as serving
from serving.lists.fold_in import Ratings
from tests.jobs.engine.learning.test_als import (
    SIZE,
    all_users,
    catalogue,
    checkerboard,
    no_segments,
)
from tests.support.jobs.interactions import of_ratings

LIKED = np.random.default_rng(7).random((40, 6)) < 0.4
RECIPES = (
    ItemItem(shrinkage=1),
    ItemItem(similarity="log_likelihood", neighbours=5),
    Ease(relevant_from=4, reg=1),
    Ease(reg=1, neighbours=8),
    ItemCosine(relevant_from=4),
)


def fitted(spark: SparkSession, recipe: ItemItem | Ease | ItemCosine, ratings: DataFrame) -> Model:
    interactions = of_ratings(ratings)
    return models.fit(recipe, interactions, catalogue(), no_segments(spark), relevant_from=4)


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
def test_on_a_checkerboard_the_users_own_colour_comes_first(
    spark: SparkSession, recipe: ItemItem | Ease | ItemCosine
) -> None:
    without_likes = F.when(F.col("user") == 0, 1.0).otherwise(F.col("rating"))
    ratings = checkerboard(spark).withColumn("rating", without_likes).cache()
    model = fitted(spark, recipe, ratings)

    users = all_users(spark, of_ratings(ratings))
    rows = {row["user"]: row for row in model.lists(users, 5).collect()}

    assert len(rows) == SIZE
    for user in range(1, SIZE):
        assert rows[user]["personalised"]
        assert rows[user]["item_ids"] == [f"{(user + step) % SIZE:02d}" for step in (2, 3)]
    assert not rows[0]["personalised"]  # no liked item: the fallback
    assert len(rows[0]["item_ids"]) == 2


@pytest.mark.parametrize(
    "recipe",
    [ItemItem(neighbours=3, shrinkage=2), ItemItem(similarity="log_likelihood", neighbours=4)],
    ids=lambda recipe: recipe.name,
)
def test_spark_finds_the_same_neighbours_as_the_driver(
    spark: SparkSession, recipe: ItemItem, monkeypatch: pytest.MonkeyPatch
) -> None:
    ratings = checkerboard(spark).where("(user * 7 + item * 5) % 4 > 0").cache()
    on_driver = fitted(spark, recipe, ratings).neighbours
    monkeypatch.setattr(item_item, "MAX_DRIVER_PAIRS", 1)
    monkeypatch.setattr(neighbours, "nearest", None)  # is not called

    by_spark = fitted(spark, recipe, ratings).neighbours

    assert on_driver is not None
    assert by_spark is not None
    for attribute in ("indptr", "indices", "data"):
        assert getattr(by_spark, attribute).tolist() == getattr(on_driver, attribute).tolist()


def test_spark_samples_users_with_very_many_items(
    spark: SparkSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(neighbours_in_spark, "MAX_PER_USER", 2)
    likes = spark.createDataFrame([(0, item) for item in range(SIZE)], "user int, item int")

    weights = neighbours_in_spark.nearest(likes, ItemItem(shrinkage=0), catalogue())

    assert weights.nnz == 2  # one pair of items, in both directions


def test_the_score_is_the_sum_of_the_weights_and_other_items_follow_by_popularity(
    spark: SparkSession,
) -> None:
    rows = [(0, 0), (0, 1), (1, 0), (1, 2), (2, 1), (2, 2), (3, 5), (4, 5), (5, 7)]
    likes = spark.createDataFrame(rows, "user int, item int").selectExpr(
        "*", "5.0D AS rating", "timestamp'2024-01-01' AS rated_at"
    )
    model = fitted(spark, ItemItem(shrinkage=1), likes)
    block = users_who_like([0, 1], [], [7])

    scores, personalised = model.scorer.scores(block)

    assert scores[0, :3].tolist() == pytest.approx([1 / 3, 1 / 3, 2 / 3])
    assert scores[0, 5] == 0  # as popular as the most popular items
    assert scores[0, 7] == pytest.approx(-0.5)
    assert scores[0, 3] == -1  # no user likes it
    assert personalised.tolist() == [True, False, False]  # no user likes 7 and another item
    assert scores[1].tolist() == scores[2].tolist()


def test_served_neighbours_are_those_of_the_model(spark: SparkSession) -> None:
    model = fitted(spark, ItemItem(neighbours=3), checkerboard(spark))

    rows = {row["item_id"]: row for row in item_tables.similar_items(model, 50).to_pylist()}

    assert model.neighbours is not None
    assert model.constants["neighbours"] == 3
    assert rows.keys() == {*catalogue().ids}
    own_colour = {f"{item:02d}" for item in range(0, SIZE, 2)}
    assert len(rows["00"]["item_ids"]) == 3
    assert {*rows["00"]["item_ids"]} < own_colour
    assert rows["00"]["scores"] == sorted(rows["00"]["scores"], reverse=True)


@pytest.mark.parametrize("recipe", [ItemItem(neighbours=3), Ease(reg=1, neighbours=4)])
def test_the_fold_in_of_serving_scores_like_the_precomputed_lists(
    spark: SparkSession, recipe: ItemItem | Ease
) -> None:
    ratings = checkerboard(spark).where("(user * 7 + item * 5) % 4 > 0").cache()
    model = fitted(spark, recipe, ratings)
    by_item = [
        (row["item_id"], row["item_ids"], np.array(row["scores"], np.float32))
        for row in item_tables.similar_items(model, 50).to_pylist()
    ]
    positions = {item_id: at for at, item_id in enumerate(catalogue().ids)}
    served = serving.of_rows(by_item, positions, model.fallback.by_segment[0])

    for liked in ([0], [1, 2], [3, 4, 5]):
        rated = Ratings(
            np.array([*liked, 9]), np.array([5.0] * len(liked) + [3.0]), np.zeros(9, np.int64)
        )
        summed = served.fold(rated, relevant_from=4)
        [expected], _ = model.scorer.scores(users_who_like(liked))

        assert summed is not None
        assert summed.liked.tolist() == liked
        assert summed.scores == pytest.approx(expected, abs=1e-6)
        by_rating, popular = summed.terms(np.arange(SIZE))
        assert by_rating.sum(axis=1) + popular[:, 0] == pytest.approx(summed.scores, abs=1e-6)
        [some], _ = summed.terms(np.array([7]))
        assert some == pytest.approx(by_rating[7])


@pytest.mark.parametrize("liked", [LIKED, LIKED.T], ids=["many users", "few users"])
def test_ease_reconstructs_each_item_from_the_others_by_ridge_regression(
    liked: NDArray[np.bool_],
) -> None:
    reg, x = 3.0, liked.astype(float)

    weights = item_item.ease(sparse.csr_array(liked, dtype=np.float32), reg)

    for item in range(x.shape[1]):
        others = np.delete(np.arange(x.shape[1]), item)
        rest = x[:, others]
        ridge = np.linalg.solve(rest.T @ rest + reg * np.eye(len(others)), rest.T @ x[:, item])
        assert weights[others, item] == pytest.approx(ridge, abs=1e-5)
        assert weights[item, item] == 0


@pytest.mark.parametrize("rows_per_block", [1, 3, 500])
def test_the_largest_weights_are_kept_by_size_and_ordered_by_value(
    monkeypatch: pytest.MonkeyPatch, rows_per_block: int
) -> None:
    monkeypatch.setattr(item_item, "_ROWS_PER_BLOCK", rows_per_block)
    weights = np.array([[0, 0.5, -0.9, 0.1], [0, 0, 0, 0.2], [1, 2, 0, 3], [0, 0, 0, 0]])

    kept = item_item.largest(weights.astype(np.float32), 2)

    assert kept.indptr.tolist() == [0, 2, 3, 5, 5]
    assert kept.indices.tolist() == [1, 2, 3, 3, 1]
    assert kept.data.tolist() == pytest.approx([0.5, -0.9, 0.2, 3, 2])


def test_items_without_neighbours_are_not_served() -> None:
    weights = item_item.largest(np.eye(SIZE, k=1, dtype=np.float32)[:, ::-1] / np.float32(4), 3)

    rows = item_tables.neighbours(catalogue(), weights).to_pylist()

    assert rows[0] == {"item_id": "00", "item_ids": ["10"], "scores": [0.25]}
    assert [row["item_id"] for row in rows] == [f"{item:02d}" for item in range(SIZE - 1)]


def test_ease_refuses_a_catalogue_that_is_too_large(
    spark: SparkSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(item_item, "MAX_ITEMS", SIZE - 1)

    with pytest.raises(TooManyItemsError, match="12 items, at most 11 are"):
        fitted(spark, Ease(relevant_from=4), checkerboard(spark))


def test_without_two_items_of_one_user_there_is_nothing_to_learn(spark: SparkSession) -> None:
    with pytest.raises(NothingToLearnError, match="no two items"):
        fitted(spark, ItemItem(), checkerboard(spark).where("item = user"))


def test_a_user_without_neighbours_gets_the_fallback() -> None:
    weights = neighbours.from_rows([np.array([1], np.int32)], [np.ones(1, np.float32)], [1, 0])
    fallback = PopularityScorer(np.array([[2.0, 1.0]], np.float32))
    scorer = NeighbourScorer(weights, item_item.rest(fallback.by_segment[0]), fallback)
    block = users_who_like([0], [1])

    scores, personalised = scorer.scores(block)

    assert scores.tolist() == [[0.0, 1.0], [2.0, 1.0]]
    assert personalised.tolist() == [True, False]


def users_who_like(*positions_by_user: list[int]) -> Block:
    lengths = [len(positions) for positions in positions_by_user]
    positions = [at for positions in positions_by_user for at in positions]
    liked = Ragged(np.repeat(np.arange(len(lengths)), lengths), np.array(positions, np.int64))
    user = np.arange(len(lengths), dtype=np.int32)
    return Block(len(lengths), user, np.zeros_like(user), liked, None)
