"""Priors computed by hand, and scores as the product of a user's and an item's row."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from numpy.typing import NDArray
from pyspark.sql import DataFrame, SparkSession
from scipy import sparse

from jobs.engine.catalogue import Catalogue
from jobs.engine.learning import models, priors
from jobs.engine.learning.lists import Block, Ragged
from jobs.engine.learning.models import Model
from jobs.engine.learning.segments import Segments, known_users, user_segments
from jobs.engine.recipes import Als, AlsWithPriors, PriorWeights
from jobs.engine.weightings import Centred
from jobs.retraining import item_tables
from ranking import content
from tests.jobs.engine.learning.test_als import fold_in
from tests.support.jobs.interactions import STARS, of_ratings

NOW = datetime(2024, 6, 1, tzinfo=UTC)
N_USERS, ITEMS = 60, 12
ALS = Als(rank=2, iterations=4, weighting=Centred(p=0.6), half_life_days=100)
WEIGHTS = PriorWeights(
    popularity=0.3,
    half_life_days=10,
    released=0.05,
    demography=0.4,
    demography_shrinkage=2,
    category=0.6,
    category_shrinkage=3,
)
RECIPE = AlsWithPriors(als=ALS, models=2, priors=WEIGHTS)
NONE = PriorWeights(popularity=0, released=0, demography=0, category=0)

Rating = tuple[int, int, float, datetime]


def rows() -> list[Rating]:
    """Return ratings: each user rates 8 of 12 items, even users mostly like even items."""
    return [
        (user, item, rating(user, item), NOW - timedelta(days=(user * 7 + item * 3) % 200))
        for user in range(N_USERS)
        for item in range(ITEMS)
        if (item * 5 + user) % 3
    ]


def rating(user: int, item: int) -> float:
    if user == 0:
        return 1.0  # has no positive rating
    likes = (user + item) % 2 == 0 or item == 3
    return 5.0 - (item % 3 == 0) if likes else 2.0


def catalogue() -> Catalogue:
    years = np.array([2000 - 3 * item for item in range(ITEMS)], np.float32)
    years[5], years[11] = np.nan, 1800
    categories = np.zeros((ITEMS, 3), np.float32)
    categories[::2, 0] = categories[1::3, 1] = categories[3::4, 2] = 1
    categories[9] = 0
    return Catalogue(
        ids=np.array([f"{item:02d}" for item in range(ITEMS)], object),
        index=np.arange(ITEMS, dtype=np.int32),
        categories=sparse.csr_array(categories),
        names=("drama", "farce", "opera"),
        released=years,
    )


@pytest.fixture(scope="module")
def ratings(spark: SparkSession) -> DataFrame:
    columns = "user int, item int, rating double, rated_at timestamp"
    return of_ratings(spark.createDataFrame(rows(), columns)).cache()


@pytest.fixture(scope="module")
def segments(spark: SparkSession) -> Segments:
    """Two segments of thirty users, but the last user has none."""
    attributes = [
        (user, {"sex": "f" if user < N_USERS // 2 else "m"}) for user in range(N_USERS - 1)
    ]
    more = [(N_USERS + 1, {"sex": "m"})]
    users = spark.createDataFrame(attributes + more, "user int, attributes map<string,string>")
    return user_segments(users, ("sex",))


@pytest.fixture(scope="module")
def model(ratings: DataFrame, segments: Segments) -> Model:
    return fitted(RECIPE, ratings, segments)


@pytest.fixture(scope="module")
def without_priors(ratings: DataFrame, segments: Segments) -> Model:
    return fitted(RECIPE.model_copy(update={"priors": NONE}), ratings, segments)


def fitted(recipe: AlsWithPriors | Als, ratings: DataFrame, segments: Segments) -> Model:
    return models.fit(recipe, ratings, catalogue(), segments, relevant_from=4)


def listed(
    model: Model, ratings: DataFrame, segments: Segments
) -> dict[int, tuple[dict[str, float], bool]]:
    """Return each user's scores by item, and whether the list is personalised."""
    hidden = ratings.select("user", "item").limit(0)
    users = known_users(ratings, hidden, segments, STARS)
    return {
        row["user"]: (dict(zip(row["item_ids"], row["scores"], strict=True)), row["personalised"])
        for row in model.lists(users, ITEMS).collect()
    }


def test_popularity_is_the_log_of_decayed_positive_interactions_over_their_mean(
    ratings: DataFrame, segments: Segments
) -> None:
    fitted = priors.fit(ratings, WEIGHTS, catalogue(), segments)

    newest = max(at for *_, at in rows())
    decayed = np.zeros(ITEMS)
    for _, item, value, at in rows():
        if value >= 4:
            decayed[item] += 0.5 ** ((newest - at).days / 10)
    assert fitted.columns[:, 0] == pytest.approx(np.log(1 + decayed / decayed.mean()), rel=1e-5)


def test_decades_are_counted_back_from_the_newest_year_down_to_a_minimum() -> None:
    decades = priors.decades(catalogue())

    assert decades[:3] == pytest.approx([0, -0.3, -0.6])
    assert decades[5] == 0  # unknown
    assert decades[11] == content.MIN_DECADES


def test_a_segment_is_compared_with_all_users_and_shrunk() -> None:
    logs = priors.over_representation(np.array([[5, 5], [9, 1], [0, 0]], np.float32), 2)

    assert logs[1] == pytest.approx([np.log(11 / 9), np.log(3 / 5)])
    assert logs[2].tolist() == [0, 0]


def test_a_prior_of_weight_zero_has_no_column(ratings: DataFrame, segments: Segments) -> None:
    only = WEIGHTS.model_copy(update={"popularity": 0, "released": 0, "category": 0})

    fitted = priors.fit(ratings, only, catalogue(), segments)

    assert fitted.names == ("segment:sex=f", "segment:sex=m")
    empty = Ragged(np.empty(0, np.int64), np.empty(0, np.int64))
    numbers = np.array([0, 1, 2], np.int32)
    weights = fitted.of(Block(3, numbers, numbers, empty, None))
    assert weights == pytest.approx(np.array([[0, 0], [0.4, 0], [0, 0.4]]))
    none = priors.fit(ratings, NONE, catalogue(), segments)
    assert none.columns.shape == (12, 0)


def test_a_users_row_is_computed_from_the_constants_and_their_ratings(
    model: Model, ratings: DataFrame, segments: Segments
) -> None:
    lists = listed(model, ratings, segments)

    for user in (1, 2, 40, N_USERS - 1):
        segment = None if user == N_USERS - 1 else f"sex={'f' if user < N_USERS // 2 else 'm'}"
        row = folded_in(model, [row for row in rows() if row[0] == user], segment)
        scores, personalised = lists[user]
        assert personalised
        assert len(scores) == 4
        expected = {f"{item:02d}": float(model.item_rows[item] @ row) for item in range(ITEMS)}
        assert scores == {item: pytest.approx(expected[item], abs=1e-4) for item in scores}


def folded_in(model: Model, ratings: list[Rating], segment: str | None) -> NDArray[np.float64]:
    """Return a user's row from the items' rows, the constants and their ratings, in numpy."""
    constants, items = model.constants, model.item_rows
    positions = np.array([item for _, item, _, _ in ratings])
    values = np.array([value for *_, value, _ in ratings])
    mean = (values.sum() + constants["shrinkage"] * constants["global_mean"]) / (
        len(values) + constants["shrinkage"]
    )
    strength = (
        values
        - constants["p"] * mean
        - (1 - constants["p"]) * constants["global_mean"]
        + constants["epsilon"]
    )
    days = np.array([constants["newest"] / 1e6 - at.timestamp() for *_, at in ratings]) / 86400
    strength = strength * 0.5 ** (days / constants["half_life_days"])
    rank, n_models = constants["rank"], constants["models"]
    by_model = []
    for nth in range(n_models):
        factors = items[:, nth * rank : (nth + 1) * rank]
        by_model.append(fold_in(factors, factors[positions], strength, ALS) / n_models)
    return np.concatenate([*by_model, weights_of(constants, positions[values >= 4], segment)])


def weights_of(
    constants: dict[str, object], liked: NDArray[np.int64], segment: str | None
) -> NDArray[np.float64]:
    weights, shares = constants["weights"], constants["category_shares"]
    assert isinstance(weights, dict)
    assert isinstance(shares, dict)
    flags = catalogue().categories.toarray()[liked]
    parts = flags / np.maximum(flags.sum(axis=1, keepdims=True), 1)
    total, k = parts.sum(), weights["category_shrinkage"]
    by_name = {"popularity": weights["popularity"], "released": weights["released"]}
    by_name[f"segment:{segment}"] = weights["demography"]
    for at, name in enumerate(catalogue().names):
        share = (parts[:, at].sum() + k * shares[name]) / (total + k)
        by_name[f"category:{name}"] = weights["category"] * np.log(share / shares[name])
    columns = constants["columns"]
    assert isinstance(columns, list)
    return np.array([by_name.get(name, 0.0) for name in columns])


def test_users_without_positive_ratings_get_the_fallback(
    model: Model, ratings: DataFrame, segments: Segments
) -> None:
    lists = listed(model, ratings, segments)

    assert not lists[0][1]
    assert lists[0][0]
    assert all(personalised for user, (_, personalised) in lists.items() if user)


def test_without_priors_the_score_is_the_mean_of_the_models(
    ratings: DataFrame, segments: Segments, without_priors: Model
) -> None:
    fits = [fitted(als, ratings, segments) for als in RECIPE.seeded]
    *single, both = (listed(fit, ratings, segments) for fit in [*fits, without_priors])

    assert RECIPE.seeded[0] == ALS
    for user, (scores, personalised) in both.items():
        for item, score in scores.items() if personalised else ():
            mean = (single[0][user][0][item] + single[1][user][0][item]) / 2
            assert score == pytest.approx(mean, abs=1e-5)


def test_gold_has_complete_rows_and_similar_items_ignore_priors(
    model: Model, without_priors: Model
) -> None:
    trend = np.zeros(len(model.catalogue), np.float32)
    rows = {
        row["item_id"]: row["factors"] for row in item_tables.item_factors(model, trend).to_pylist()
    }

    assert len(rows) == ITEMS
    assert len(rows["00"]) == 2 * 2 + len(model.constants["columns"])
    assert rows["07"] == pytest.approx(model.item_rows[7].tolist())
    assert item_tables.similar_items(model, 5) == item_tables.similar_items(without_priors, 5)
