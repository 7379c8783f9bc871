"""The search on an objective that is known, with a clock of its own; and its space."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest
from optuna.trial import FixedTrial

from jobs.engine import recipes
from jobs.engine.errors import NothingToLearnError
from jobs.engine.judging.evaluation import Score
from jobs.engine.recipes import Als, AlsWithPriors, AnyRecipe, Centred, Popular
from jobs.engine.searching import space
from jobs.engine.searching.search import SEEDS, Search
from jobs.engine.searching.space import Parameters
from jobs.engine.searching.trials import Budget, Space, Trial
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
class World:
    """Scores by a formula whose best is known; each fit takes ten seconds of its clock."""

    now: float = 0.0
    asked: list[tuple[AnyRecipe, str]] = field(default_factory=list)
    recorded: list[Trial] = field(default_factory=list)
    killed_after: float = math.inf
    slow_until: float = 0.0
    fitted: set[tuple[Als, str]] = field(default_factory=set)

    def score(self, recipe: AnyRecipe, window: str) -> Score:
        self.asked.append((recipe, window))
        if isinstance(recipe, AlsWithPriors):
            return self.score_with_priors(recipe, window)
        self.now += 100 if self.now < self.slow_until else 10
        if self.now > self.killed_after:
            raise KeyboardInterrupt
        if not isinstance(recipe, Als):
            return Score(0.1, 100)
        if recipe.rank == 12:
            raise NothingToLearnError("singular matrix\nand a long trace")
        luck = 0.01 if recipe.seed == DEFAULT.seed and recipe.rank == 7 else 0.0
        value = 0.3 - abs(math.log(recipe.reg / BEST_REG)) / 10 + WINDOWS.index(window) / 100
        return Score(value + luck, 100)

    def score_with_priors(self, recipe: AlsWithPriors, window: str) -> Score:
        """Score as its ALS, and better the nearer a weight is to 0.2; fit only what is new."""
        key, before = (recipe.als, window), self.now
        below = self.score(recipe.als, window).value
        self.now = before + (0.1 if key in self.fitted else 10 * recipe.models)
        self.fitted.add(key)
        return Score(below + 0.05 - abs(recipe.priors.popularity - 0.2) / 10, 100)

    def search(
        self, budget: Budget, trials: Sequence[Trial] = (), *, given: Sequence[AnyRecipe]
    ) -> Search:
        return Search(
            windows=WINDOWS,
            score=self.score,
            space=Space(suggest, parameters, given),
            record=self.recorded.append,
            budget=budget,
            trials=list(trials),
            clock=lambda: self.now,
        )


def test_the_given_recipes_come_first_and_something_better_is_found() -> None:
    known = World()
    champion = Als(rank=3)

    best = known.search(Budget(3000), given=[DEFAULT, champion]).run()

    assert [trial.recipe for trial in known.recorded[:2]] == [DEFAULT, champion]
    assert known.recorded[0].parameters["rank"] == 8
    assert known.recorded[1].parameters == {}  # its rank lies outside the space
    assert best is not None
    assert best.stage == "final"
    assert isinstance(best.recipe, Als)
    assert best.recipe.reg == pytest.approx(BEST_REG, rel=0.1)


def test_it_ends_in_time_with_finalists_scored_by_all_seeds() -> None:
    known = World()

    best = known.search(Budget(1000), given=[DEFAULT]).run()

    finals = [trial for trial in known.recorded if trial.stage == "final"]
    assert len(finals) == 3
    assert 900 <= known.now <= 1000
    assert best in finals
    seeds = {one.seed for one, _ in known.asked if isinstance(one, Als)}
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
    known: World, trials: Sequence[Trial] = (), family: SearchFamily = "any", seconds: float = 2000
) -> Trial:
    search = known.search(Budget(seconds), trials, given=[DEFAULT])
    search.around, search.eligible = around, lambda recipe: space.is_of(family, recipe)
    best = search.run()
    assert best is not None
    return best


def test_priors_are_looked_for_around_the_best_of_als() -> None:
    known = World()

    best = with_priors(known)

    explored = [trial for trial in known.recorded if trial.stage == "explore"]
    als = [trial for trial in explored if isinstance(trial.recipe, Als)]
    priors = [trial.recipe for trial in explored[len(als) :]]
    top = max((trial for trial in als if trial.state == "complete"), key=lambda t: t.value or 0)
    assert priors[0] == AlsWithPriors(als=top.recipe)
    assert {one.als for one in priors if isinstance(one, AlsWithPriors)} == {top.recipe}
    assert best.stage == "final"
    assert isinstance(best.recipe, AlsWithPriors)
    assert best.recipe.priors.popularity == pytest.approx(0.2, abs=0.03)
    assert known.now <= 2000


@pytest.mark.parametrize("seconds", [500, 700, 900, 1500])
def test_the_first_trial_of_priors_fits_models_and_is_not_the_price_of_the_next(
    seconds: float,
) -> None:
    known = World()

    with_priors(known, seconds=seconds)

    explored = [trial.recipe for trial in known.recorded if trial.stage == "explore"]
    n_priors = sum(isinstance(recipe, AlsWithPriors) for recipe in explored)
    assert n_priors == 0 or n_priors > 10
    assert known.now <= seconds


@pytest.mark.parametrize("killed_after", [500, 1500])
def test_a_search_killed_in_either_space_goes_on(killed_after: float) -> None:
    known = World(killed_after=killed_after)
    with pytest.raises(KeyboardInterrupt):
        with_priors(known)
    before = list(known.recorded)
    known.killed_after, known.now = math.inf, 0.0

    best = with_priors(known, before)

    assert isinstance(best.recipe, AlsWithPriors)
    bases = {t.recipe.als for t in known.recorded if isinstance(t.recipe, AlsWithPriors)}
    assert len(bases) == 1
    assert sum(trial.seconds for trial in before) + known.now <= 2000


def test_only_the_family_that_was_asked_for_wins() -> None:
    assert isinstance(with_priors(World(), family="als_with_priors").recipe, AlsWithPriors)
    assert isinstance(with_priors(World(), family="als").recipe, Als)


def test_a_slow_first_trial_does_not_end_the_search() -> None:
    known = World(slow_until=300)

    known.search(Budget(700), given=[DEFAULT]).run()

    assert [trial.stage for trial in known.recorded].count("explore") > 4
    assert known.now <= 700


def test_luck_of_one_seed_does_not_win() -> None:
    lucky, better = Als(rank=7, reg=BEST_REG * 1.05), Als(reg=BEST_REG)
    known = World()

    best = known.search(Budget(10_000, n_trials=2), given=[lucky, better]).run()

    first = {trial.recipe: trial.value for trial in known.recorded if trial.stage == "explore"}
    assert first[lucky] > first[better]  # type: ignore[operator] # both were completed
    assert best is not None
    assert best.recipe == better


def test_hopeless_trials_are_cut_short_and_given_ones_never() -> None:
    known = World()

    known.search(
        Budget(10_000, n_trials=40), given=[DEFAULT, Als(reg=1.2), Als(rank=9, reg=1.2)]
    ).run()

    pruned = [trial for trial in known.recorded if trial.state == "pruned"]
    assert pruned
    assert all(0 < len(trial.by_window) < len(WINDOWS) for trial in pruned)
    assert all(
        trial.failure == f"below the median after {list(trial.by_window)[-1]}" for trial in pruned
    )
    assert [trial.state for trial in known.recorded[:3]] == ["complete"] * 3


def test_a_failed_trial_is_recorded_and_ends_nothing() -> None:
    known = World()

    best = known.search(Budget(10_000, n_trials=4), given=[Als(rank=12), DEFAULT]).run()

    assert known.recorded[0].state == "failed"
    assert (known.recorded[0].value, known.recorded[0].failure) == (None, "singular matrix")
    assert len([trial for trial in known.recorded if trial.stage == "explore"]) == 4
    assert best is not None


def test_a_score_that_is_no_number_fails() -> None:
    known = World()
    scored = replace(
        known.search(Budget(10, 1), given=[DEFAULT]), score=lambda *_: Score(float("nan"), 0)
    )

    assert scored.run() is None
    assert known.recorded[0].failure == "no score on rolling_40: it is no number"


def test_the_number_of_trials_is_a_limit_and_finalists_are_extra() -> None:
    known = World()

    known.search(Budget(10_000, n_trials=5), given=[DEFAULT]).run()

    stages = [trial.stage for trial in known.recorded]
    assert stages.count("explore") == 5
    assert stages[-1] == "final"
    assert [trial.number for trial in known.recorded] == list(range(len(stages)))


def test_one_trial_is_made_however_short_the_time() -> None:
    known = World()

    best = known.search(Budget(1), given=[DEFAULT]).run()

    assert best is not None
    assert best.recipe == DEFAULT
    assert len(known.recorded) == 1


def test_what_draws_nothing_is_a_finalist_at_no_cost() -> None:
    known, popular = World(), Popular(relevant_from=4)

    best = known.search(Budget(10_000, n_trials=1), given=[popular]).run()

    assert best is not None
    assert (best.stage, best.recipe) == ("final", popular)
    assert best.value == pytest.approx(0.1)
    assert len(known.asked) == len(WINDOWS)


@pytest.mark.parametrize("killed_after", [15, 45, 450, 905])
def test_a_killed_search_goes_on_where_it_was(killed_after: float) -> None:
    known = World(killed_after=killed_after)
    with pytest.raises(KeyboardInterrupt):
        known.search(Budget(1000), given=[DEFAULT]).run()
    before = list(known.recorded)
    spent = sum(trial.seconds for trial in before)
    known.killed_after, known.now = math.inf, 0.0

    best = known.search(Budget(1000), before, given=[DEFAULT]).run()

    assert known.recorded[: len(before)] == before
    assert [trial.number for trial in known.recorded] == list(range(len(known.recorded)))
    assert [trial.recipe for trial in known.recorded if trial.stage == "explore"].count(
        DEFAULT
    ) == 1
    assert 850 <= spent + known.now <= 1000
    assert best is not None
    assert best.stage == "final"


def test_what_was_learned_before_is_not_forgotten() -> None:
    first, second = World(), World()
    first.search(Budget(10_000, n_trials=20), given=[DEFAULT]).run()
    before = [trial for trial in first.recorded if trial.stage == "explore"]

    second.search(Budget(10_000, n_trials=40), before, given=[DEFAULT]).run()

    proposed = [trial.recipe for trial in second.recorded if trial.stage == "explore"]
    near = [one for one in proposed if isinstance(one, Als) and 0.3 < one.reg < 0.53]
    assert len(near) > len(proposed) / 2


def test_the_same_trials_are_proposed_again() -> None:
    runs = []
    for _ in range(2):
        known = World()
        known.search(Budget(10_000, n_trials=12), given=[DEFAULT]).run()
        runs.append([trial.recipe for trial in known.recorded])

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
def test_a_recipe_within_the_space_has_parameters(recipe: Als) -> None:
    found = parameters(recipe)

    assert found is not None
    assert suggest(FixedTrial(found)) == recipe


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
def test_a_recipe_outside_the_space_has_none(recipe: AnyRecipe) -> None:
    assert parameters(recipe) is None


def test_other_seeds_are_far_apart() -> None:
    assert space.reseeded(DEFAULT, 0) == DEFAULT
    assert space.reseeded(DEFAULT, 2) == DEFAULT.model_copy(update={"seed": DEFAULT.seed + 2000})
    assert space.reseeded(Popular(relevant_from=4), 1) is None
