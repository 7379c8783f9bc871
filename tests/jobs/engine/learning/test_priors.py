"""Priors by hand, and that a person's row times an item's row is what lists are made of."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from numpy.typing import NDArray
from pyspark.sql import DataFrame, SparkSession

from jobs import fit
from jobs.engine.catalogue import Catalogue
from jobs.engine.learning import als, models, priors, segments
from jobs.engine.learning.lists import Block, Ragged
from jobs.engine.learning.models import FactorCache, Model
from jobs.engine.learning.segments import Segments
from jobs.engine.recipes import Als, AlsWithPriors, Centred, PriorWeights
from tests.jobs.engine.learning.test_als import fold_in

NOW = datetime(2024, 6, 1, tzinfo=UTC)
PEOPLE, ITEMS = 60, 12
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
    """Return ratings: everybody rates 8 of 12 items, one fan of each colour to one of neither."""
    return [
        (user, item, rating(user, item), NOW - timedelta(days=(user * 7 + item * 3) % 200))
        for user in range(PEOPLE)
        for item in range(ITEMS)
        if (item * 5 + user) % 3
    ]


def rating(user: int, item: int) -> float:
    if user == 0:
        return 1.0  # likes nothing
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
        categories=categories,
        names=("drama", "farce", "opera"),
        released=years,
    )


@pytest.fixture(scope="module")
def ratings(spark: SparkSession) -> DataFrame:
    return spark.createDataFrame(
        rows(), "user int, item int, rating double, rated_at timestamp"
    ).cache()


@pytest.fixture(scope="module")
def groups(spark: SparkSession) -> Segments:
    """Two segments of thirty people but one, who is of none."""
    said = [(user, {"sex": "f" if user < PEOPLE // 2 else "m"}) for user in range(PEOPLE - 1)]
    more = [(PEOPLE + 1, {"sex": "m"})]
    users = spark.createDataFrame(said + more, "user int, attributes map<string,string>")
    return segments.segments(users, ("sex",)).cached()


@pytest.fixture(scope="module")
def known() -> FactorCache:
    return {}


@pytest.fixture(scope="module")
def model(ratings: DataFrame, groups: Segments, known: FactorCache) -> Model:
    return fitted(RECIPE, ratings, groups, known)


def fitted(
    recipe: AlsWithPriors | Als, ratings: DataFrame, groups: Segments, known: FactorCache
) -> Model:
    return models.fit(recipe, ratings, catalogue(), groups, relevant_from=4, known=known)


def listed(
    model: Model, ratings: DataFrame, groups: Segments
) -> dict[int, tuple[dict[str, float], bool]]:
    """Return each person's scores by item, and whether the list is his own."""
    hidden = ratings.select("user", "item").limit(0)
    everybody = segments.known_users(ratings, hidden, groups, relevant_from=4)
    return {
        row["user"]: (dict(zip(row["item_ids"], row["scores"], strict=True)), row["own"])
        for row in model.lists(everybody, ITEMS).collect()
    }


def test_recent_likings_count_more_and_what_nobody_likes_counts_nought(
    ratings: DataFrame, groups: Segments
) -> None:
    found = priors.fit(ratings, WEIGHTS, catalogue(), groups, relevant_from=4)

    newest = max(at for *_, at in rows())
    fading = np.zeros(ITEMS)
    for _, item, value, at in rows():
        if value >= 4:
            fading[item] += 0.5 ** ((newest - at).days / 10)
    assert found.columns[:, 0] == pytest.approx(np.log(1 + fading / fading.mean()), rel=1e-5)


def test_decades_are_counted_back_from_the_newest_year_and_not_for_ever() -> None:
    found = priors.released(catalogue())

    assert found[:3] == pytest.approx([0, -0.3, -0.6])
    assert found[5] == 0  # not known
    assert found[11] == priors.EARLIEST


def test_a_segment_is_compared_with_everybody_and_shrunk() -> None:
    found = priors.over_represented(np.array([[5, 5], [9, 1], [0, 0]], np.float32), 2)

    assert found[1] == pytest.approx([np.log(11 / 9), np.log(3 / 5)])
    assert found[2].tolist() == [0, 0]


def test_what_weighs_nought_has_no_column(ratings: DataFrame, groups: Segments) -> None:
    only = WEIGHTS.model_copy(update={"popularity": 0, "released": 0, "category": 0})

    found = priors.fit(ratings, only, catalogue(), groups, relevant_from=4)

    assert found.names == ("segment:sex=f", "segment:sex=m")
    nothing = Ragged(np.empty(0, np.int64), np.empty(0, np.int64))
    segments = np.array([0, 1, 2], np.int32)
    weights = found.of(Block(3, segments, segments, nothing, None))
    assert weights == pytest.approx(np.array([[0, 0], [0.4, 0], [0, 0.4]]))
    assert priors.fit(ratings, NONE, catalogue(), groups, relevant_from=4).columns.shape == (12, 0)


def test_the_constants_are_all_that_a_persons_row_needs(
    model: Model, ratings: DataFrame, groups: Segments
) -> None:
    lists = listed(model, ratings, groups)

    for user in (1, 2, 40, PEOPLE - 1):
        segment = None if user == PEOPLE - 1 else f"sex={'f' if user < PEOPLE // 2 else 'm'}"
        row = folded_in(model, [one for one in rows() if one[0] == user], segment)
        scores, own = lists[user]
        assert own
        assert len(scores) == 4
        expected = {f"{item:02d}": float(model.item_rows[item] @ row) for item in range(ITEMS)}
        assert scores == {item: pytest.approx(expected[item], abs=1e-4) for item in scores}


def folded_in(model: Model, mine: list[Rating], segment: str | None) -> NDArray[np.float64]:
    """Return a person's row from the items' rows, the constants and his ratings, in numpy."""
    said, items = model.constants, model.item_rows
    places = np.array([item for _, item, _, _ in mine])
    values = np.array([value for *_, value, _ in mine])
    mean = (values.sum() + said["shrinkage"] * said["global_mean"]) / (
        len(values) + said["shrinkage"]
    )
    strength = values - said["p"] * mean - (1 - said["p"]) * said["global_mean"] + said["epsilon"]
    days = np.array([said["newest"] / 1e6 - at.timestamp() for *_, at in mine]) / 86400
    strength = strength * 0.5 ** (days / said["half_life_days"])
    rank, n_models = said["rank"], said["models"]
    parts = []
    for nth in range(n_models):
        own = items[:, nth * rank : (nth + 1) * rank]
        parts.append(fold_in(own, own[places], strength, ALS) / n_models)
    return np.concatenate([*parts, weights_of(said, places[values >= 4], segment)])


def weights_of(
    said: dict[str, object], liked: NDArray[np.int64], segment: str | None
) -> NDArray[np.float64]:
    weights, shares = said["weights"], said["category_shares"]
    assert isinstance(weights, dict)
    assert isinstance(shares, dict)
    flags = catalogue().categories[liked]
    parts = flags / np.maximum(flags.sum(axis=1, keepdims=True), 1)
    total, k = parts.sum(), weights["category_shrinkage"]
    by_name = {"popularity": weights["popularity"], "released": weights["released"]}
    by_name[f"segment:{segment}"] = weights["demography"]
    for at, name in enumerate(catalogue().names):
        share = (parts[:, at].sum() + k * shares[name]) / (total + k)
        by_name[f"category:{name}"] = weights["category"] * np.log(share / shares[name])
    columns = said["columns"]
    assert isinstance(columns, list)
    return np.array([by_name.get(name, 0.0) for name in columns])


def test_who_likes_nothing_gets_the_fallback(
    model: Model, ratings: DataFrame, groups: Segments
) -> None:
    lists = listed(model, ratings, groups)

    assert not lists[0][1]
    assert lists[0][0]
    assert all(own for user, (_, own) in lists.items() if user)


def test_without_priors_the_score_is_the_mean_of_the_models(
    ratings: DataFrame, groups: Segments, known: FactorCache
) -> None:
    both = listed(
        fitted(RECIPE.model_copy(update={"priors": NONE}), ratings, groups, known), ratings, groups
    )
    each = [listed(fitted(one, ratings, groups, known), ratings, groups) for one in RECIPE.seeded]

    assert RECIPE.seeded[0] == ALS
    for user, (scores, own) in both.items():
        for item, score in scores.items() if own else ():
            mean = (each[0][user][0][item] + each[1][user][0][item]) / 2
            assert score == pytest.approx(mean, abs=1e-5)


def test_factors_that_are_known_are_not_fitted_again(
    model: Model, ratings: DataFrame, groups: Segments, known: FactorCache
) -> None:
    assert set(known) == set(RECIPE.seeded)
    known = dict(known)
    other = WEIGHTS.model_copy(update={"popularity": 5.0})

    again = fitted(RECIPE.model_copy(update={"priors": other}), ratings, groups, known)

    assert np.array_equal(again.item_rows[:, :4], model.item_rows[:, :4])
    assert set(known) == set(RECIPE.seeded)
    poisoned = {key: als.Factors(f.users, f.items, f.matrix * 0) for key, f in known.items()}
    nought = fitted(RECIPE, ratings, groups, poisoned)
    assert not nought.item_rows[:, :4].any()


def test_gold_holds_whole_rows_and_likeness_is_by_factors_alone(
    model: Model, ratings: DataFrame, groups: Segments, known: FactorCache
) -> None:
    trend = np.zeros(len(model.catalogue), np.float32)
    whole = {row["item_id"]: row["factors"] for row in fit.item_factors(model, trend)}

    assert len(whole) == ITEMS
    assert len(whole["00"]) == 2 * 2 + len(model.constants["columns"])
    assert whole["07"] == pytest.approx(model.item_rows[7].tolist())
    without = fitted(RECIPE.model_copy(update={"priors": NONE}), ratings, groups, known)
    assert fit.similar_items(model, 5) == fit.similar_items(without, 5)
