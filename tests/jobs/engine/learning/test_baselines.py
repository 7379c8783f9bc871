"""Baselines against their definitions, and on a checkerboard where the right answer is known."""

import numpy as np
import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from jobs.engine import recipes
from jobs.engine.errors import RecipeError, TooManyItemsError
from jobs.engine.learning import baselines, lists, models
from jobs.engine.learning.baselines import Ease, ItemCosine, Random
from tests.jobs.engine.learning.test_als import (
    SIZE,
    all_users,
    catalogue,
    checkerboard,
    no_segments,
)
from tests.support.jobs.interactions import of_ratings
from tests.support.jobs.product import product

LIKED = np.random.default_rng(7).random((40, 6)) < 0.4


def co_counts() -> np.ndarray:
    ones = LIKED.astype(np.float32)
    return ones.T @ ones


def test_ease_reconstructs_each_item_from_the_others_by_ridge_regression() -> None:
    reg, x = 3.0, LIKED.astype(float)

    weights = baselines.ease(co_counts(), reg)

    for item in range(x.shape[1]):
        others = np.delete(np.arange(x.shape[1]), item)
        rest = x[:, others]
        ridge = np.linalg.solve(rest.T @ rest + reg * np.eye(len(others)), rest.T @ x[:, item])
        assert weights[others, item] == pytest.approx(ridge, abs=1e-5)
        assert weights[item, item] == 0


def test_the_cosine_is_shrunk_and_its_diagonal_is_zero() -> None:
    weights = baselines.cosine(np.array([[4, 2, 0], [2, 9, 0], [0, 0, 0]], np.float32), 4)

    assert weights.tolist() == [[0, pytest.approx(0.2), 0], [pytest.approx(0.2), 0, 0], [0, 0, 0]]


@pytest.mark.parametrize("recipe", [Ease(relevant_from=4, reg=1), ItemCosine(relevant_from=4)])
def test_on_a_checkerboard_the_users_own_colour_comes_first(
    spark: SparkSession, recipe: Ease | ItemCosine
) -> None:
    without_likes = F.when(F.col("user") == 0, 1.0).otherwise(F.col("rating"))
    ratings = of_ratings(checkerboard(spark).withColumn("rating", without_likes)).cache()
    model = models.fit(recipe, ratings, catalogue(), no_segments(spark), relevant_from=4)

    rows = {row["user"]: row for row in model.lists(all_users(spark, ratings), 5).collect()}

    assert len(rows) == SIZE
    for user in range(1, SIZE):
        assert rows[user]["personalised"]
        assert rows[user]["item_ids"] == [f"{(user + step) % SIZE:02d}" for step in (2, 3)]
    assert not rows[0]["personalised"]  # no liked item: the fallback
    assert len(rows[0]["item_ids"]) == 2


def test_random_lists_depend_only_on_seed_and_user(spark: SparkSession) -> None:
    ratings = checkerboard(spark).where("item < 4")
    users = all_users(spark, ratings)

    def listed(seed: int, partitions: int) -> dict[int, list[str]]:
        model = models.fit(
            Random(seed=seed), ratings, catalogue(), no_segments(spark), relevant_from=4
        )
        rows = model.lists(users.repartition(partitions), SIZE).collect()
        return {row["user"]: row["item_ids"] for row in rows}

    once = listed(1, 1)

    assert once == listed(1, 3)
    assert once != listed(2, 1)
    assert len({tuple(item_ids) for item_ids in once.values()}) == len(once)


def test_random_scores_are_spread_evenly() -> None:
    empty = lists.Ragged(np.empty(0, np.int64), np.empty(0, np.int64))
    user = np.arange(2000, dtype=np.int32)
    block = lists.Block(len(user), user, np.zeros_like(user), empty, None)

    scores, personalised = baselines.RandomScorer(seed=1, n_items=5).scores(block)

    assert personalised.all()
    assert scores.mean(axis=0) == pytest.approx(np.full(5, 0.5), abs=0.03)
    assert np.corrcoef(scores.T) == pytest.approx(np.eye(5), abs=0.1)


def test_a_catalogue_that_is_too_large_is_refused(
    spark: SparkSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(baselines, "MAX_ITEMS", SIZE - 1)

    with pytest.raises(TooManyItemsError, match="12 items, at most 11"):
        models.fit(
            Ease(relevant_from=4),
            checkerboard(spark),
            catalogue(),
            no_segments(spark),
            relevant_from=4,
        )


def test_a_baseline_is_not_a_recipe_and_cannot_be_released() -> None:
    of_scale = baselines.baselines(product())

    assert len({baseline.name for baseline in of_scale}) == len(of_scale) == 3
    for baseline in of_scale:
        with pytest.raises(RecipeError):
            recipes.parse(baseline.model_dump_json())
