"""The search for priors around the best ALS recipe, on a known objective."""

import math
from collections.abc import Sequence
from dataclasses import replace

import pytest

from jobs.engine.recipes import Als, AlsWithPriors
from jobs.engine.searching import space
from jobs.engine.searching.plan import Budget
from jobs.engine.searching.spaces import Spaces
from jobs.engine.searching.trials import Trial
from tests.support.jobs.simulated_search import DEFAULT, WORLD, Simulation
from warehouse.tables.vocabulary import SearchFamily


def with_priors(
    simulation: Simulation,
    trials: Sequence[Trial] = (),
    family: SearchFamily = "any",
    seconds: float = 2000,
) -> Trial:
    spaces = Spaces(WORLD, family, with_ease=False)
    problem = replace(
        simulation.problem([DEFAULT]),
        second=spaces.second,
        eligible=lambda recipe: space.is_in_family(family, recipe),
    )
    best = simulation.search_of(problem, Budget(seconds), trials).run()
    assert best is not None
    return best


def test_priors_are_searched_around_the_best_als_recipe() -> None:
    simulation = Simulation()

    best = with_priors(simulation)

    explored = [trial for trial in simulation.recorded if trial.stage == "explore"]
    als = [trial for trial in explored if isinstance(trial.recipe, Als)]
    priors = [trial.recipe for trial in explored[len(als) :]]
    top = max((trial for trial in als if trial.state == "complete"), key=lambda t: t.value or 0)
    assert priors[0] == AlsWithPriors(als=top.recipe)
    assert {recipe.als for recipe in priors if isinstance(recipe, AlsWithPriors)} == {top.recipe}
    assert best.stage == "final"
    assert isinstance(best.recipe, AlsWithPriors)
    assert best.recipe.priors.popularity == pytest.approx(0.2, abs=0.03)
    assert simulation.now <= 2000


@pytest.mark.parametrize("seconds", [500, 700, 900, 1500])
def test_the_first_trial_of_priors_is_not_the_expected_duration_of_the_next(
    seconds: float,
) -> None:
    simulation = Simulation()

    with_priors(simulation, seconds=seconds)

    explored = [trial.recipe for trial in simulation.recorded if trial.stage == "explore"]
    n_priors = sum(isinstance(recipe, AlsWithPriors) for recipe in explored)
    assert n_priors == 0 or n_priors > 10
    assert simulation.now <= seconds


@pytest.mark.parametrize("interrupted_after", [500, 1500])
def test_a_search_interrupted_in_either_space_continues(interrupted_after: float) -> None:
    simulation = Simulation(interrupted_after=interrupted_after)
    with pytest.raises(KeyboardInterrupt):
        with_priors(simulation)
    before = list(simulation.recorded)
    simulation.interrupted_after, simulation.now = math.inf, 0.0

    best = with_priors(simulation, before)

    assert isinstance(best.recipe, AlsWithPriors)
    bases = {t.recipe.als for t in simulation.recorded if isinstance(t.recipe, AlsWithPriors)}
    assert len(bases) == 1
    assert sum(trial.seconds for trial in before) + simulation.now <= 2000


def test_only_the_requested_family_wins() -> None:
    assert isinstance(with_priors(Simulation(), family="als_with_priors").recipe, AlsWithPriors)
    assert isinstance(with_priors(Simulation(), family="als").recipe, Als)
