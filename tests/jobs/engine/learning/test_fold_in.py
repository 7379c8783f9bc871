"""What serving folds in at read time is what the engine's fit gives people whom it knows."""

from collections.abc import Mapping

import numpy as np
import pytest
from pyspark.sql import DataFrame, SparkSession

from jobs.engine.learning import segments
from jobs.engine.learning.models import FactorCache, Model
from jobs.engine.learning.segments import Segments
from jobs.engine.recipes import Als, AlsWithPriors, Centred, MinusMidpoint, StarsFromThreshold
from serving.lists.fold_in import Constants, Folded, FoldIn, Ratings
from tests.jobs.engine.learning import test_priors as small

GRUMBLER, EVERYBODY = 0, small.PEOPLE - 1
PURE = (
    Als(rank=3, iterations=4, weighting=Centred(p=0.6)),
    Als(rank=3, iterations=4, weighting=MinusMidpoint(midpoint=2.5), half_life_days=50),
    Als(rank=2, iterations=4, weighting=StarsFromThreshold(threshold=4), alpha=3),
)


@pytest.fixture(scope="module")
def ratings(spark: SparkSession) -> DataFrame:
    names = "user int, item int, rating double, rated_at timestamp"
    return spark.createDataFrame(small.rows(), names).cache()


@pytest.fixture(scope="module")
def groups(spark: SparkSession) -> Segments:
    said = [(user, {"sex": sex(user)}) for user in range(EVERYBODY)]
    users = spark.createDataFrame(
        [*said, (small.PEOPLE + 1, {"sex": "m"})], "user int, attributes map<string,string>"
    )
    return segments.segments(users, ("sex",)).cached()


@pytest.mark.parametrize("recipe", PURE, ids=lambda recipe: recipe.weighting.kind)
def test_a_person_folded_in_has_the_factors_that_spark_gave_him(
    ratings: DataFrame, groups: Segments, recipe: Als
) -> None:
    model = small.fitted(recipe, ratings, groups, {})

    assert model.factors is not None
    known = {row["user"]: row["factors"] for row in model.factors.users.collect()}
    for user, folded in everybody(model).items():
        found = None if folded is None else folded.row
        assert (user in known) == (found is not None)
        assert found is None or found == pytest.approx(known[user], abs=1e-5)


def test_with_priors_the_scores_are_those_of_the_persons_list(
    ratings: DataFrame, groups: Segments
) -> None:
    known: FactorCache = {}
    model = small.fitted(small.RECIPE, ratings, groups, known)
    assert isinstance(model.recipe, AlsWithPriors)

    lists = small.listed(model, ratings, groups)

    fold_in = FoldIn(model.item_rows, constants(model))
    for user, folded in everybody(model).items():
        scores, own = lists[user]
        assert own == (folded is not None)
        if folded is not None:
            found = fold_in.scores(folded)
            assert scores == {
                item: pytest.approx(float(found[int(item)]), abs=1e-5) for item in scores
            }
            by_rating, by_prior = folded.terms(model.item_rows)
            whole = by_rating.sum(axis=1) + by_prior.sum(axis=1)
            assert whole == pytest.approx(found, abs=1e-5)


def everybody(model: Model) -> Mapping[int, Folded | None]:
    fold_in, found = FoldIn(model.item_rows, constants(model)), {}
    for user in range(small.PEOPLE):
        mine = [row for row in small.rows() if row[0] == user]
        rated = Ratings(
            positions=np.array([item for _, item, _, _ in mine]),
            values=np.array([value for *_, value, _ in mine]),
            micros=np.array([int(at.timestamp()) * 1_000_000 for *_, at in mine]),
        )
        segment = "" if user == EVERYBODY else f"sex={sex(user)}"
        found[user] = fold_in.fold(rated, segment)
    return found


def constants(model: Model) -> Constants:
    return Constants.model_validate(model.constants | {"relevant_from": 4.0})


def sex(user: int) -> str:
    return "f" if user < small.PEOPLE // 2 else "m"
