"""The search on a known objective with a simulated clock; and its spaces."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest
from optuna.trial import FixedTrial

from jobs.engine import recipes
from jobs.engine.errors import NothingToLearnError
from jobs.engine.judging.evaluation import Score
from jobs.engine.recipes import Als, AlsWithPriors, AnyRecipe, Popular
from jobs.engine.searching import space
from jobs.engine.searching.plan import SEEDS, Budget
from jobs.engine.searching.search import Problem, Search
from jobs.engine.searching.space import Parameters
from jobs.engine.searching.trials import Space, Trial
from jobs.engine.weightings import Centred
from tests.support.jobs.small_world import world
from warehouse.tables.vocabulary import SearchFamily

SCALE = world().scale
HALF_LIFE = 365.0
WINDOWS = ("rolling_40", "rolling_50", "rolling_60")
DEFAULT = recipes.default(SCALE)
BEST_REG = 0.4


def suggest(trial: object) -> AnyRecipe:
    return space.suggest(trial, SCALE, HALF_LIFE)  # type: ignore[arg-type] # any trial


def parameters(recipe: AnyRecipe) -> Parameters | None:
    return space.parameters(recipe, SCALE, HALF_LIFE)


@dataclass
class Simulation:
    """Scores by a formula with a known optimum; each fit takes ten simulated seconds."""

    now: float = 0.0
    scored: list[tuple[AnyRecipe, str]] = field(default_factory=list)
    recorded: list[Trial] = field(default_factory=list)
    interrupted_after: float = math.inf
    slow_until: float = 0.0
    fitted: set[tuple[Als, str]] = field(default_factory=set)

    def score(self, recipe: AnyRecipe, window: str) -> Score:
        self.scored.append((recipe, window))
        if isinstance(recipe, AlsWithPriors):
            return self.score_with_priors(recipe, window)
        self.now += 100 if self.now < self.slow_until else 10
        if self.now > self.interrupted_after:
            raise KeyboardInterrupt
        if not isinstance(recipe, Als):
            return Score(0.1, 100)
        if recipe.rank == 12:
            raise NothingToLearnError("singular matrix\nand a long trace")
        noise = 0.01 if recipe.seed == DEFAULT.seed and recipe.rank == 7 else 0.0
        value = 0.3 - abs(math.log(recipe.reg / BEST_REG)) / 10 + WINDOWS.index(window) / 100
        return Score(value + noise, 100)

    def score_with_priors(self, recipe: AlsWithPriors, window: str) -> Score:
        """Score like its ALS plus a bonus, highest at a popularity of 0.2; fit each ALS once."""
        key, before = (recipe.als, window), self.now
        of_als = self.score(recipe.als, window).value
        self.now = before + (0.1 if key in self.fitted else 10 * recipe.models)
        self.fitted.add(key)
        return Score(of_als + 0.05 - abs(recipe.priors.popularity - 0.2) / 10, 100)

    def problem(self, starts: Sequence[AnyRecipe]) -> Problem:
        return Problem(WINDOWS, self.score, Space(suggest, parameters, starts))

    def search(
        self, budget: Budget, trials: Sequence[Trial] = (), *, starts: Sequence[AnyRecipe]
    ) -> Search:
        return self.search_of(self.problem(starts), budget, trials)

    def search_of(self, problem: Problem, budget: Budget, trials: Sequence[Trial] = ()) -> Search:
        return Search(problem, budget, self.recorded.append, trials=trials, now=lambda: self.now)


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


def around(best: AnyRecipe) -> Space | None:
    assert isinstance(best, Als)
    return Space(
        lambda trial: space.suggest_priors(trial, best, HALF_LIFE),
        lambda recipe: space.parameters_of_priors(recipe, best, HALF_LIFE),
        [AlsWithPriors(als=best)],
    )


def with_priors(
    simulation: Simulation,
    trials: Sequence[Trial] = (),
    family: SearchFamily = "any",
    seconds: float = 2000,
) -> Trial:
    problem = replace(
        simulation.problem([DEFAULT]),
        second=around,
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


@pytest.mark.parametrize(
    "recipe",
    [
        DEFAULT,
        recipes.by_name(SCALE, HALF_LIFE)["als_minus_midpoint"].model_copy(update={"alpha": 2.5}),
        recipes.by_name(SCALE, HALF_LIFE)["als_from_threshold"],
        Als(half_life_days=HALF_LIFE, weighting=Centred(p=0.5)),
        Als(half_life_days=HALF_LIFE / 3),
    ],
    ids=lambda recipe: recipe.name,
)
def test_a_recipe_in_the_space_has_parameters(recipe: Als) -> None:
    values = parameters(recipe)

    assert values is not None
    assert suggest(FixedTrial(values)) == recipe


@pytest.mark.parametrize(
    "recipe",
    [
        Als(rank=64),
        Als(seed=1),
        Als(half_life_days=7),
        Als(weighting=Centred(shrinkage=1)),
        Popular(relevant_from=4),
    ],
    ids=lambda recipe: recipe.name,
)
def test_a_recipe_outside_the_space_has_no_parameters(recipe: AnyRecipe) -> None:
    assert parameters(recipe) is None


def test_other_seeds_are_far_apart() -> None:
    assert space.reseeded(DEFAULT, 0) == DEFAULT
    assert space.reseeded(DEFAULT, 2) == DEFAULT.model_copy(update={"seed": DEFAULT.seed + 2000})
    assert space.reseeded(Popular(relevant_from=4), 1) is None
