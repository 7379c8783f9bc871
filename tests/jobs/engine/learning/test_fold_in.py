"""The fold-in of serving gives known users the factors of the engine's fit."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from pyspark.sql import DataFrame, SparkSession

from jobs.engine import interactions
from jobs.engine.interactions import KindMeaning, Meanings
from jobs.engine.learning.models import Model
from jobs.engine.learning.segments import Segments, user_segments
from jobs.engine.recipes import Als, AlsWithPriors
from jobs.engine.weightings import Centred, Events, MinusMidpoint, StarsFromThreshold
from serving.lists.fold_in import Constants, Folded, FoldIn, Ratings
from tests.jobs.engine.learning import test_priors as small
from tests.support.jobs.interactions import of_ratings
from warehouse.tables.vocabulary import KINDS_TYPE

KINDS = ("buy", "view")
SHOP = Meanings(None, (KindMeaning("buy", positive_from=0), KindMeaning("view")))
NEVER = datetime(1970, 1, 1, tzinfo=UTC)
LAST = small.N_USERS - 1  # has no segment
PURE = (
    Als(rank=3, iterations=4, weighting=Centred(p=0.6)),
    Als(rank=3, iterations=4, weighting=MinusMidpoint(midpoint=2.5), half_life_days=50),
    Als(rank=2, iterations=4, weighting=StarsFromThreshold(threshold=4), alpha=3),
)


@pytest.fixture(scope="module")
def ratings(spark: SparkSession) -> DataFrame:
    names = "user int, item int, rating double, rated_at timestamp"
    return of_ratings(spark.createDataFrame(small.rows(), names)).cache()


@pytest.fixture(scope="module")
def segments(spark: SparkSession) -> Segments:
    attributes = [(user, {"sex": sex(user)}) for user in range(LAST)]
    users = spark.createDataFrame(
        [*attributes, (small.N_USERS + 1, {"sex": "m"})], "user int, attributes map<string,string>"
    )
    return user_segments(users, ("sex",))


@pytest.mark.parametrize("recipe", PURE, ids=lambda recipe: recipe.weighting.kind)
def test_a_folded_in_user_has_the_factors_of_the_fit(
    ratings: DataFrame, segments: Segments, recipe: Als
) -> None:
    model = small.fitted(recipe, ratings, segments)

    assert model.factors is not None
    fitted = {row["user"]: row["factors"] for row in model.factors.users.collect()}
    for user, folded in all_folded(model).items():
        assert (user in fitted) == (folded is not None)
        assert folded is None or folded.row == pytest.approx(fitted[user], abs=1e-5)


def test_with_events_a_folded_in_user_has_the_factors_of_the_fit(
    spark: SparkSession, segments: Segments
) -> None:
    weighting = Events(weights=(("buy", 5), ("view", 1)), saturation="log1p")
    recipe = Als(rank=3, iterations=4, weighting=weighting, half_life_days=50)
    names = f"user int, item int, rating double, rated_at timestamp, kinds {KINDS_TYPE}"
    pairs = [(*row[:2], None, row[3], acts(*row)) for row in small.rows()]
    frame = spark.createDataFrame(pairs, names)
    events = frame.select("user", "item", *interactions.columns(SHOP))
    model = small.fitted(recipe, events, segments)

    assert model.factors is not None
    fitted = {row["user"]: row["factors"] for row in model.factors.users.collect()}
    fold_in = FoldIn(model.item_rows, constants(model))
    for user in range(small.N_USERS):
        of_user = [row for row in small.rows() if row[0] == user]
        cells = [[acts(*row).get(kind, (0, 0.0, NEVER)) for kind in KINDS] for row in of_user]
        folded = fold_in.fold(
            Ratings(
                positions=np.array([item for _, item, _, _ in of_user]),
                values=np.full(len(of_user), np.nan),
                micros=np.array([micros(at) for *_, at in of_user]),
                positive=np.array(["buy" in acts(*row) for row in of_user]),
                amounts=np.array([[amount for _, amount, _ in row] for row in cells]),
                acted_micros=np.array([[micros(at) for *_, at in row] for row in cells]),
                kinds=KINDS,
            )
        )
        assert folded is not None
        assert folded.row == pytest.approx(fitted[user], abs=1e-5)


def test_with_priors_the_scores_are_those_of_the_users_list(
    ratings: DataFrame, segments: Segments
) -> None:
    model = small.fitted(small.RECIPE, ratings, segments)
    assert isinstance(model.recipe, AlsWithPriors)

    lists = small.listed(model, ratings, segments)

    fold_in = FoldIn(model.item_rows, constants(model))
    for user, folded in all_folded(model).items():
        scores, personalised = lists[user]
        assert personalised == (folded is not None)
        if folded is not None:
            expected = fold_in.scores(folded)
            assert scores == {
                item: pytest.approx(float(expected[int(item)]), abs=1e-5) for item in scores
            }
            by_rating, by_prior = folded.terms(model.item_rows)
            total = by_rating.sum(axis=1) + by_prior.sum(axis=1)
            assert total == pytest.approx(expected, abs=1e-5)


def all_folded(model: Model) -> Mapping[int, Folded | None]:
    fold_in, by_user = FoldIn(model.item_rows, constants(model)), {}
    for user in range(small.N_USERS):
        rows = [row for row in small.rows() if row[0] == user]
        rated = Ratings(
            positions=np.array([item for _, item, _, _ in rows]),
            values=np.array([value for *_, value, _ in rows]),
            micros=np.array([int(at.timestamp()) * 1_000_000 for *_, at in rows]),
        )
        segment = "" if user == LAST else f"sex={sex(user)}"
        by_user[user] = fold_in.fold(rated, segment)
    return by_user


def acts(
    user: int, item: int, rating: float, at: datetime
) -> dict[str, tuple[int, float, datetime]]:
    """Return the events of a pair: liked items are bought, all are viewed earlier."""
    viewed = {"view": (1, float((user + item) % 3 + 1), at - timedelta(days=3))}
    return viewed | ({"buy": (1, 2.0, at)} if rating >= 4 else {})


def micros(at: datetime) -> int:
    return int(at.timestamp()) * 1_000_000


def constants(model: Model) -> Constants:
    return Constants.model_validate(model.constants | {"relevant_from": 4.0})


def sex(user: int) -> str:
    return "f" if user < small.N_USERS // 2 else "m"
