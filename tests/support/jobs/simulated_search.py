"""A search on a known objective with a simulated clock."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from jobs.engine import recipes
from jobs.engine.errors import NothingToLearnError
from jobs.engine.judging.evaluation import Score
from jobs.engine.recipes import Als, AlsWithPriors, AnyRecipe
from jobs.engine.searching import space
from jobs.engine.searching.plan import Budget
from jobs.engine.searching.search import Problem, Search
from jobs.engine.searching.space import Parameters
from jobs.engine.searching.trials import Space, Trial
from tests.support.jobs.small_world import world

WORLD = world()
HALF_LIFE = WORLD.windows.half_life_days
WINDOWS = ("rolling_40", "rolling_50", "rolling_60")
DEFAULT = recipes.of_ratings(WORLD)
BEST_REG = 0.4


def suggest(trial: object) -> AnyRecipe:
    return space.suggest(trial, WORLD)  # type: ignore[arg-type] # any trial


def parameters(recipe: AnyRecipe) -> Parameters | None:
    return space.parameters(recipe, WORLD)


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
        return Problem(WINDOWS, self.score, starts, lambda _: Space(suggest, parameters))

    def search(
        self, budget: Budget, trials: Sequence[Trial] = (), *, starts: Sequence[AnyRecipe]
    ) -> Search:
        return self.search_of(self.problem(starts), budget, trials)

    def search_of(self, problem: Problem, budget: Budget, trials: Sequence[Trial] = ()) -> Search:
        return Search(problem, budget, self.recorded.append, trials=trials, now=lambda: self.now)
