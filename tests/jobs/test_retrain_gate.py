"""The gate on fitted models: of the ratings as they are, and of shuffled ratings."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from jobs.engine import recipes
from jobs.engine.judging import gate, metrics
from jobs.engine.judging.verdicts import Evidence, Result
from jobs.retraining.evaluation_windows import PreparedWindow
from tests.support.jobs.interactions import of_ratings
from tests.support.jobs.small_world import SMALL, world
from warehouse.tables.vocabulary import HEADLINE

RECIPE = recipes.parse(SMALL)
POPULAR = recipes.popularities(world())[0]


def shuffled(training: DataFrame) -> DataFrame:
    """Return the rows with their ratings shuffled."""
    by_pair, at_random = Window.orderBy("user", "item"), Window.orderBy(F.rand(seed=1))
    rows = training.withColumn("nth", F.row_number().over(by_pair)).drop("rating")
    ratings = training.select("rating", F.row_number().over(at_random).alias("nth"))
    return of_ratings(rows.join(ratings, "nth")).localCheckpoint()


def values(
    prepared: PreparedWindow, fitted_on: PreparedWindow, recipe: recipes.AnyRecipe
) -> NDArray[np.float64]:
    """Return NDCG@10 of each warm user, by user, for the recipe fitted on `fitted_on`."""
    lists = fitted_on.fit(recipe).lists(prepared.users.inputs, 10)
    per_user = metrics.per_user(lists.withColumn("recipe", F.lit("")), prepared.users.relevant)
    warm = per_user.where(F.array_contains("slices", "warm")).orderBy("user")
    return np.array([row[0] for row in warm.select(f"`{HEADLINE}`").collect()])


@pytest.fixture(scope="module")
def results(prepared: PreparedWindow) -> dict[str, Result]:
    noise = replace(prepared, training=shuffled(prepared.training))
    return {
        "real": Result(values(prepared, prepared, RECIPE)),
        "shuffled": Result(values(prepared, noise, RECIPE)),
        "popular": Result(values(prepared, prepared, POPULAR), personalised=False),
    }


def evidence(results: dict[str, Result], challenger: str, champion: str | None) -> Evidence:
    return Evidence(
        n_interactions=1000,
        quarantine_share=0.0,
        results=results,
        slices={"warm": np.ones(len(results["real"].values), bool)},
        challenger=challenger,
        champion=champion,
        popularities=("popular",),
        rolling={name: {"rolling_40": result.values.mean()} for name, result in results.items()},
    )


@pytest.mark.parametrize("champion", [None, "real"])
def test_a_model_of_shuffled_ratings_is_not_released(
    results: dict[str, Result], champion: str | None
) -> None:
    decision = gate.decide(evidence(results, "shuffled", champion), world().floors)

    assert decision.recipe == (champion or "popular")


@pytest.mark.parametrize(("champion", "verdict"), [(None, "first"), ("shuffled", "promote")])
def test_a_model_of_real_ratings_is_released(
    results: dict[str, Result], champion: str | None, verdict: str
) -> None:
    decision = gate.decide(evidence(results, "real", champion), world().floors)

    assert (decision.verdict, decision.recipe) == (verdict, "real")
