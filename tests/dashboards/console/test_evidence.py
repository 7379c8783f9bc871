from typing import get_args

import pytest

from dashboards.console import evidence
from jobs.engine import recipes
from tests.support.dashboards import shop
from warehouse import datasets


def test_the_first_of_a_role_is_its_best_recipe() -> None:
    compared = evidence.comparisons(shop.verdicts()[0])

    challenger = evidence.best(compared, "challenger")
    popularity = evidence.best(compared, "popularity")

    assert challenger
    assert popularity
    assert (challenger.recipe, popularity.recipe) == ("als_7f3a", "popular_by_segment")
    assert popularity.interval == (0.0190, 0.0093, 0.0287)


def test_every_popularity_recipe_is_known_by_its_name() -> None:
    for recipe in recipes.by_name(datasets.load_named("movielens_1m")).values():
        is_popularity = isinstance(recipe, get_args(recipes.Popularity))
        assert recipe.name.startswith(evidence.POPULARITY) == is_popularity


def test_only_the_headline_is_compared() -> None:
    verdict = shop.verdicts()[0]
    others = [
        comparison.model_copy(update=update)
        for comparison in verdict.comparisons
        for update in ({"metric": "recall@10"}, {"slice": "cold"})
    ]
    update = {"comparisons": (*others, *verdict.comparisons)}

    assert evidence.comparisons(verdict.model_copy(update=update)) == list(verdict.comparisons)
    assert evidence.comparisons(None) == []


def test_the_trend_is_oldest_first() -> None:
    assert evidence.trend(shop.verdicts()) == [0.2655, 0.2690]


@pytest.mark.parametrize(
    ("interval", "colour"),
    [
        ((0.2, 0.1, 0.3), "green"),
        ((-0.2, -0.3, -0.1), "red"),
        ((0.1, 0.0, 0.2), "gray"),
        (None, "gray"),
    ],
)
def test_a_lead_has_a_colour_only_if_its_interval_excludes_zero(
    interval: tuple[float, float, float] | None, colour: str
) -> None:
    assert evidence.interval_colour(interval) == colour
