"""The search on a known objective with a simulated clock."""

import math
from dataclasses import replace

import pytest

from jobs.engine.judging.evaluation import Score
from jobs.engine.recipes import Als, Popular
from jobs.engine.searching.plan import SEEDS, Budget
from tests.support.jobs.simulated_search import BEST_REG, DEFAULT, WINDOWS, Simulation


def test_the_starts_come_first_and_a_better_recipe_is_found() -> None:
    simulation = Simulation()
    champion = Als(rank=3)

    best = simulation.search(Budget(3000), starts=[DEFAULT, champion]).run()

    assert [trial.recipe for trial in simulation.recorded[:2]] == [DEFAULT, champion]
    assert simulation.recorded[0].parameters["rank"] == 8
    assert simulation.recorded[1].parameters == {}  # outside the space by its rank
    assert best is not None
    assert best.stage == "final"
    assert isinstance(best.recipe, Als)
    assert best.recipe.reg == pytest.approx(BEST_REG, rel=0.1)


def test_the_search_ends_in_time_with_finalists_scored_by_all_seeds() -> None:
    simulation = Simulation()

    best = simulation.search(Budget(1000), starts=[DEFAULT]).run()

    finals = [trial for trial in simulation.recorded if trial.stage == "final"]
    assert len(finals) == 3
    assert 900 <= simulation.now <= 1000
    assert best in finals
    seeds = {recipe.seed for recipe, _ in simulation.scored if isinstance(recipe, Als)}
    assert len(seeds) == SEEDS
    assert all(trial.n_users == (SEEDS - 1) * 300 for trial in finals)


def test_a_slow_first_trial_does_not_end_the_search() -> None:
    simulation = Simulation(slow_until=300)

    simulation.search(Budget(700), starts=[DEFAULT]).run()

    assert [trial.stage for trial in simulation.recorded].count("explore") > 4
    assert simulation.now <= 700


def test_a_single_lucky_seed_does_not_win() -> None:
    lucky, better = Als(rank=7, reg=BEST_REG * 1.05), Als(reg=BEST_REG)
    simulation = Simulation()

    best = simulation.search(Budget(10_000, n_trials=2), starts=[lucky, better]).run()

    first = {trial.recipe: trial.value for trial in simulation.recorded if trial.stage == "explore"}
    assert first[lucky] > first[better]  # type: ignore[operator] # both were completed
    assert best is not None
    assert best.recipe == better


def test_proposals_below_the_median_are_pruned_and_starts_never() -> None:
    simulation = Simulation()

    simulation.search(
        Budget(10_000, n_trials=40), starts=[DEFAULT, Als(reg=1.2), Als(rank=9, reg=1.2)]
    ).run()

    pruned = [trial for trial in simulation.recorded if trial.state == "pruned"]
    assert pruned
    assert all(0 < len(trial.by_window) < len(WINDOWS) for trial in pruned)
    assert all(
        trial.failure == f"below the median after {list(trial.by_window)[-1]}" for trial in pruned
    )
    assert [trial.state for trial in simulation.recorded[:3]] == ["complete"] * 3


def test_a_failed_trial_is_recorded_and_the_search_continues() -> None:
    simulation = Simulation()

    best = simulation.search(Budget(10_000, n_trials=4), starts=[Als(rank=12), DEFAULT]).run()

    assert simulation.recorded[0].state == "failed"
    assert (simulation.recorded[0].value, simulation.recorded[0].failure) == (
        None,
        "singular matrix",
    )
    assert len([trial for trial in simulation.recorded if trial.stage == "explore"]) == 4
    assert best is not None


def test_a_score_that_is_not_finite_fails() -> None:
    simulation = Simulation()
    problem = replace(simulation.problem([DEFAULT]), score=lambda *_: Score(math.nan, 0))

    assert simulation.search_of(problem, Budget(10, 1)).run() is None
    assert simulation.recorded[0].failure == "no score on rolling_40: it is not finite"


def test_the_number_of_trials_limits_exploration_but_not_finalists() -> None:
    simulation = Simulation()

    simulation.search(Budget(10_000, n_trials=5), starts=[DEFAULT]).run()

    stages = [trial.stage for trial in simulation.recorded]
    assert stages.count("explore") == 5
    assert stages[-1] == "final"
    assert [trial.number for trial in simulation.recorded] == list(range(len(stages)))


def test_one_trial_is_run_even_without_time() -> None:
    simulation = Simulation()

    best = simulation.search(Budget(1), starts=[DEFAULT]).run()

    assert best is not None
    assert best.recipe == DEFAULT
    assert len(simulation.recorded) == 1


def test_a_recipe_without_a_seed_is_a_finalist_without_another_fit() -> None:
    simulation, popular = Simulation(), Popular(relevant_from=4)

    best = simulation.search(Budget(10_000, n_trials=1), starts=[popular]).run()

    assert best is not None
    assert (best.stage, best.recipe) == ("final", popular)
    assert best.value == pytest.approx(0.1)
    assert len(simulation.scored) == len(WINDOWS)


@pytest.mark.parametrize("interrupted_after", [15, 45, 450, 905])
def test_an_interrupted_search_continues(interrupted_after: float) -> None:
    simulation = Simulation(interrupted_after=interrupted_after)
    with pytest.raises(KeyboardInterrupt):
        simulation.search(Budget(1000), starts=[DEFAULT]).run()
    before = list(simulation.recorded)
    spent = sum(trial.seconds for trial in before)
    simulation.interrupted_after, simulation.now = math.inf, 0.0

    best = simulation.search(Budget(1000), before, starts=[DEFAULT]).run()

    assert simulation.recorded[: len(before)] == before
    assert [trial.number for trial in simulation.recorded] == list(range(len(simulation.recorded)))
    assert [trial.recipe for trial in simulation.recorded if trial.stage == "explore"].count(
        DEFAULT
    ) == 1
    assert 850 <= spent + simulation.now <= 1000
    assert best is not None
    assert best.stage == "final"


def test_the_sampler_learns_from_trials_of_earlier_attempts() -> None:
    first, second = Simulation(), Simulation()
    first.search(Budget(10_000, n_trials=20), starts=[DEFAULT]).run()
    before = [trial for trial in first.recorded if trial.stage == "explore"]

    second.search(Budget(10_000, n_trials=40), before, starts=[DEFAULT]).run()

    proposed = [trial.recipe for trial in second.recorded if trial.stage == "explore"]
    near = [x for x in proposed if isinstance(x, Als) and 0.3 < x.reg < 0.53]
    assert len(near) > len(proposed) / 2


def test_two_searches_propose_the_same_trials() -> None:
    runs = []
    for _ in range(2):
        simulation = Simulation()
        simulation.search(Budget(10_000, n_trials=12), starts=[DEFAULT]).run()
        runs.append([trial.recipe for trial in simulation.recorded])

    assert runs[0] == runs[1]
