"""The spaces that a search explores, by its family and the best recipe so far."""

import math

import pytest
from optuna.trial import FixedTrial

from jobs.engine import recipes
from jobs.engine.item_recipes import Ease, ItemItem
from jobs.engine.judging.evaluation import Score
from jobs.engine.recipes import Als, AlsWithPriors, AnyRecipe
from jobs.engine.searching.plan import Budget
from jobs.engine.searching.search import Problem
from jobs.engine.searching.spaces import Spaces
from tests.support.jobs.simulated_search import DEFAULT, WINDOWS, WORLD, Simulation
from warehouse.tables.vocabulary import SearchFamily

EASE = recipes.ease(WORLD)
WITH_PRIORS = AlsWithPriors(als=DEFAULT)


def spaces(family: SearchFamily = "any") -> Spaces:
    return Spaces(WORLD, family, with_ease=True)


@pytest.mark.parametrize(
    ("family", "expected"),
    [
        ("any", [DEFAULT, ItemItem(), EASE]),
        ("item_item", [DEFAULT, ItemItem(), EASE]),
        ("als", [DEFAULT]),
        ("als_with_priors", [DEFAULT]),
    ],
)
def test_item_item_models_are_starts_where_they_are_searched(
    family: SearchFamily, expected: list[AnyRecipe]
) -> None:
    assert [*spaces(family).starts([DEFAULT])] == expected


@pytest.mark.parametrize("best", [ItemItem(), EASE], ids=lambda recipe: recipe.kind)
def test_item_item_models_are_explored_first_if_one_is_the_best_start(best: AnyRecipe) -> None:
    assert spaces().first(best).contains(ItemItem())
    assert not spaces("als").first(best).contains(ItemItem())


def test_als_is_explored_first_if_it_is_the_best_start() -> None:
    assert spaces().first(DEFAULT).contains(DEFAULT)
    assert spaces().first(WITH_PRIORS).contains(DEFAULT)
    assert spaces("item_item").first(DEFAULT).contains(ItemItem())


@pytest.mark.parametrize("best", [DEFAULT, WITH_PRIORS], ids=lambda recipe: recipe.kind)
def test_priors_follow_whether_the_best_als_has_them_or_not(best: AnyRecipe) -> None:
    second = spaces().second(best)

    assert second is not None
    [start] = second.starts
    assert isinstance(start, AlsWithPriors)
    assert start.als == DEFAULT
    assert second.contains(start)


def test_als_follows_after_item_item_models() -> None:
    second = spaces().second(ItemItem())

    assert second is not None
    assert second.contains(DEFAULT)
    assert spaces("als_with_priors").second(ItemItem()) is None


class BestWith100Neighbours(Simulation):
    """Item-item models are better than ALS, most of all with 100 neighbours."""

    def score(self, recipe: AnyRecipe, window: str) -> Score:
        score = super().score(recipe, window)
        if not isinstance(recipe, ItemItem):
            return score
        return Score(0.8 - abs(math.log(recipe.neighbours / 100)) / 10, score.n_users)


def test_most_of_the_time_goes_to_the_kind_of_the_best_start() -> None:
    simulation = BestWith100Neighbours()
    starts = spaces().starts([WITH_PRIORS, DEFAULT])
    problem = Problem(WINDOWS, simulation.score, starts, spaces().first, second=spaces().second)

    best = simulation.search_of(problem, Budget(4000)).run()

    explored = [trial.recipe for trial in simulation.recorded if trial.stage == "explore"]
    of_items = [isinstance(recipe, ItemItem | Ease) for recipe in explored]
    assert explored[: len(starts)] == [*starts]
    assert sum(of_items) > 2 * (len(of_items) - sum(of_items))
    assert isinstance(explored[-1], Als)
    assert best is not None
    assert isinstance(best.recipe, ItemItem)
    assert abs(math.log(best.recipe.neighbours / 100)) < math.log(1.5)
    assert simulation.now <= 4000


def test_starts_keep_their_parameters_in_the_space_of_their_kind() -> None:
    simulation = BestWith100Neighbours()
    starts = spaces().starts([DEFAULT])
    problem = Problem(WINDOWS, simulation.score, starts, spaces().first)

    simulation.search_of(problem, Budget(10_000, n_trials=3)).run()

    by_recipe = {trial.recipe: trial.parameters for trial in simulation.recorded}
    assert by_recipe[DEFAULT]["rank"] == 8
    assert by_recipe[ItemItem()]["neighbours"] == 200
    assert spaces().first(ItemItem()).suggest(FixedTrial(by_recipe[EASE])) == EASE
