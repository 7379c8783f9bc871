"""Baselines against their definitions, and on a checkerboard where the right answer is known."""

import numpy as np
import pytest
from pyspark.sql import SparkSession
from scipy import sparse

from jobs.engine import recipes
from jobs.engine.errors import RecipeError
from jobs.engine.learning import baselines, item_item, lists, models
from jobs.engine.learning.baselines import ItemCosine, Random
from tests.jobs.engine.learning.test_als import (
    SIZE,
    all_users,
    catalogue,
    checkerboard,
    no_segments,
)
from tests.support.jobs.interactions import of_ratings
from tests.support.jobs.product import product


def test_the_cosine_is_shrunk_and_its_diagonal_is_zero() -> None:
    counts = sparse.csr_array(np.array([[4, 2, 0], [2, 9, 0], [0, 0, 0]], np.float32))

    weights = baselines.cosine(counts, 4)

    assert weights.tolist() == [[0, pytest.approx(0.2), 0], [pytest.approx(0.2), 0, 0], [0, 0, 0]]


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


def test_the_cosine_of_a_large_catalogue_keeps_the_nearest_items(
    spark: SparkSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe, ratings = (
        ItemCosine(relevant_from=4, shrinkage=2),
        of_ratings(checkerboard(spark)).cache(),
    )
    frames = (ratings, catalogue(), no_segments(spark))
    full = models.fit(recipe, *frames, relevant_from=4)
    monkeypatch.setattr(item_item, "MAX_ITEMS", SIZE - 1)

    nearest = models.fit(recipe, *frames, relevant_from=4)

    assert isinstance(full.scorer, item_item.ItemScorer)
    assert isinstance(nearest.scorer, item_item.NeighbourScorer)
    assert nearest.scorer.weights.toarray() == pytest.approx(full.scorer.weights)


def test_only_ease_is_also_a_recipe_that_can_be_released() -> None:
    random, cosine, ease = baselines.baselines(product())

    assert len({random.name, cosine.name, ease.name}) == 3
    assert recipes.parse(ease.model_dump_json()) == ease
    for baseline in (random, cosine):
        with pytest.raises(RecipeError):
            recipes.parse(baseline.model_dump_json())


def test_the_names_of_the_baselines_are_those_of_earlier_retrains() -> None:
    names = [baseline.name for baseline in baselines.baselines(product())]

    assert names == ["random_53ef6f", "item_cosine_830da4", "ease_ff02f8"]
