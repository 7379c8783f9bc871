"""Search: the recipe that serves the people of the rolling windows best, proposed by Optuna.

Recipes that are given come first: the nominated one, the champion's. Then the sampler (TPE,
Bergstra et al. 2011, multivariate) proposes. A trial is scored window by window and pruned where
its mean so far lies below the median of the others'. Then a second space may be looked through,
around the best of the first. The best few, the finalists, are scored with more seeds, and the best
mean wins: one seed's luck is as large as what recipes differ by.

Every trial is recorded as it ends. A search that is given the trials of one that was killed goes
on from there, with the time that is left.
"""

import logging
import math
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import fmean, median
from typing import Literal

import optuna
from optuna.trial import BaseTrial, FixedTrial, TrialState

from jobs.engine import space
from jobs.engine.errors import NothingToLearnError
from jobs.engine.evaluation import FAILURES, Score
from jobs.engine.recipes import AlsWithPriors, AnyRecipe
from jobs.engine.space import Parameters

log = logging.getLogger(__name__)

SEEDS = 3
FINALISTS = 3
_SEED = 20260101
_AT_RANDOM = 8  # trials before the sampler learns
_BEFORE_PRUNING = 4
_MOST_FOR_FINALISTS = 0.5  # of the time
_FOR_SECOND = 0.2  # of the time, and of the trials
_MOST_OF_SECOND = 80  # trials: its people are few, and at last only their luck is learned

Scorer = Callable[[AnyRecipe, str], Score]
State = Literal["complete", "pruned", "failed"]
Stage = Literal["explore", "final"]


@dataclass(frozen=True, slots=True)
class Space:
    """Which recipes there are: see `jobs.engine.space`. Those of `starts` are tried first."""

    suggest: Callable[[BaseTrial], AnyRecipe]
    parameters: Callable[[AnyRecipe], Parameters | None]
    starts: Sequence[AnyRecipe] = ()


def _no_space(_: AnyRecipe) -> None:
    return None


def _all(_: AnyRecipe) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Budget:
    """How long a search may take, and how many recipes it may explore (0: any number)."""

    seconds: float
    n_trials: int = 0


@dataclass(frozen=True, slots=True)
class Trial:
    """One recipe and how it did: `value` is the mean of `by_window`, which pruning cuts short."""

    number: int
    stage: Stage
    recipe: AnyRecipe
    parameters: Parameters
    state: State
    value: float | None
    by_window: dict[str, float]
    n_users: int
    seconds: float
    failure: str | None = None


@dataclass
class Search:
    """One search under way. `trials` holds those of earlier attempts too.

    `score` is asked for one recipe on one of the `windows`; `record` is told each trial. `around`
    makes the second space, if there is one; only what is `eligible` may win.
    """

    windows: Sequence[str]
    score: Scorer
    space: Space
    record: Callable[[Trial], None]
    budget: Budget
    around: Callable[[AnyRecipe], Space | None] = _no_space
    eligible: Callable[[AnyRecipe], bool] = _all
    trials: list[Trial] = field(default_factory=list)
    clock: Callable[[], float] = time.monotonic
    started: float | None = None
    inside: dict[tuple[int, int], bool] = field(default_factory=dict)  # by space and trial

    def run(self) -> Trial | None:
        """Explore, score the finalists, return the best trial; None where none was completed."""
        now = self.clock() if self.started is None else self.started
        self.started = now - sum(trial.seconds for trial in self.trials)
        self._look(self.space, kept=_FOR_SECOND if self.around is not _no_space else 0)
        best = max(self._inside(self.space), key=_value, default=None)
        second = None if best is None else self.around(best.recipe)
        if second is not None:
            self._look(second, most=_MOST_OF_SECOND)
        for trial in self._finalists():
            self._final(trial)
        return self.best()

    def best(self) -> Trial | None:
        """Return the best finalist; without any, the best of what was explored to the end."""
        explored = self._complete("explore")
        may_win = [trial for trial in explored if self.eligible(trial.recipe)]
        return max(self._complete("final") or may_win or explored, key=_value, default=None)

    @property
    def seconds(self) -> float:
        """Wall time used so far, over all attempts."""
        return 0.0 if self.started is None else self.clock() - self.started

    @property
    def _left(self) -> float:
        return self.budget.seconds - self.seconds

    def _complete(self, stage: Stage) -> list[Trial]:
        found = [trial for trial in self.trials if trial.stage == stage]
        return [trial for trial in found if trial.state == "complete"]

    def _inside(self, within: Space) -> list[Trial]:
        """Return the explored trials of a space that were completed."""
        return [trial for trial in self._complete("explore") if self._holds(within, trial)]

    def _holds(self, within: Space, trial: Trial) -> bool:
        key = (id(within), trial.number)
        if key not in self.inside:
            self.inside[key] = within.parameters(trial.recipe) is not None
        return self.inside[key]

    @property
    def _typical(self) -> float:
        """How long a trial takes that is scored on all windows."""
        tried = self._inside(self.space) or self._complete("explore")
        return median([trial.seconds for trial in tried] or [0.0])

    def _price(self, recipe: AnyRecipe) -> float:
        """How long a finalist's other seeds take; those of priors' models are fitted once."""
        als = recipe.als if isinstance(recipe, AlsWithPriors) else None
        known = any(
            isinstance(trial.recipe, AlsWithPriors) and trial.recipe.als == als
            for trial in self._complete("final")
        )
        return 0.0 if known else (SEEDS - 1) * space.n_fits(recipe) * self._typical

    def _n_finalists(self) -> int:
        """How many finalists there is time for: they take half of it at most."""
        each = max((SEEDS - 1) * self._typical, 1e-9)
        return min(FINALISTS, int(_MOST_FOR_FINALISTS * self.budget.seconds / each))

    def _look(self, within: Space, *, kept: float = 0.0, most: float = math.inf) -> None:
        """Explore a space with `most` trials of its own; the `kept` share of the budget is left."""
        study = _study(self.trials, within)
        tried = {trial.recipe for trial in self.trials}
        waiting = [recipe for recipe in dict.fromkeys(within.starts) if recipe not in tried]
        while self._may_go_on(within, kept, most):
            if waiting:
                self._explore_given(study, within, waiting.pop(0))
            else:
                self._explore(study, within)

    def _may_go_on(self, within: Space, kept: float, most: float) -> bool:
        explored = [trial for trial in self.trials if trial.stage == "explore"]
        mine = [trial for trial in explored if self._holds(within, trial)]
        limit = math.ceil(self.budget.n_trials * (1 - kept)) or math.inf
        if not explored:
            return True
        if len(explored) >= limit or len(mine) >= most:
            return False
        done = [trial.seconds for trial in self._inside(within)]
        next_one = median(done) if done else self._typical * SEEDS
        models = 1 if self.around is _no_space else SEEDS
        finalists = (self._n_finalists() + models - 1) * (SEEDS - 1) * self._typical
        return self._left >= finalists + next_one + kept * self.budget.seconds

    def _explore_given(self, study: optuna.Study, within: Space, recipe: AnyRecipe) -> None:
        """Explore this recipe to the end; the sampler hears of it if it lies in its space."""
        chosen = within.parameters(recipe)
        found = self._tried(
            recipe, "explore", chosen or {}, lambda window: self.score(recipe, window), _never
        )
        if chosen:
            study.add_trial(_remembered(found, within))

    def _explore(self, study: optuna.Study, within: Space) -> None:
        asked = study.ask()
        recipe = within.suggest(asked)

        def hopeless(so_far: Sequence[float]) -> bool:
            asked.report(fmean(so_far), len(so_far))
            return bool(asked.should_prune())

        found = self._tried(
            recipe,
            "explore",
            dict(asked.params),
            lambda window: self.score(recipe, window),
            hopeless,
        )
        if found.state == "complete":
            study.tell(asked, found.value)
        else:
            study.tell(asked, state=TrialState.PRUNED)  # a failed one too: it counts as the worst

    def _finalists(self) -> list[Trial]:
        """Return the best explored recipes that were not scored with more seeds yet."""
        explored = self._complete("explore")
        may_win = [trial for trial in explored if self.eligible(trial.recipe)]
        ranked = sorted(may_win or explored, key=_value, reverse=True)
        best = dict.fromkeys(trial.recipe for trial in ranked)
        first = {trial.recipe: trial for trial in reversed(ranked)}
        done = {trial.recipe for trial in self.trials if trial.stage == "final"}
        chosen = list(best)[: self._n_finalists()]
        return [first[recipe] for recipe in chosen if recipe not in done]

    def _final(self, explored: Trial) -> None:
        """Score a finalist with more seeds, if there is time."""
        others = [space.reseeded(explored.recipe, nth) for nth in range(1, SEEDS)]
        seeds = [recipe for recipe in others if recipe is not None]
        if seeds and self._left < self._price(explored.recipe):
            log.info("no time left to score %s with more seeds", explored.recipe.name)
            return

        def over_seeds(window: str) -> Score:
            scores = [self.score(recipe, window) for recipe in seeds]
            values = [explored.by_window[window], *(score.value for score in scores)]
            return Score(fmean(values), sum(score.n_users for score in scores))

        self._tried(explored.recipe, "final", explored.parameters, over_seeds, _never)

    def _tried(
        self,
        recipe: AnyRecipe,
        stage: Stage,
        parameters: Parameters,
        score: Callable[[str], Score],
        hopeless: Callable[[Sequence[float]], bool],
    ) -> Trial:
        """Score window after window; return the trial after it was recorded."""
        started, n_users = self.clock(), 0
        by_window: dict[str, float] = {}
        state: State = "complete"
        failure = None
        try:
            for window in self.windows:
                found = score(window)
                by_window[window] = _finite(found.value, window)
                n_users += found.n_users
                if len(by_window) < len(self.windows) and hopeless([*by_window.values()]):
                    state, failure = "pruned", f"below the median after {window}"
                    break
        except FAILURES as error:
            state, failure = "failed", str(error).split("\n", 1)[0]
        trial = Trial(
            number=len(self.trials),
            stage=stage,
            recipe=recipe,
            parameters=parameters,
            state=state,
            value=fmean(by_window.values()) if by_window and state != "failed" else None,
            by_window=by_window,
            n_users=n_users,
            seconds=self.clock() - started,
            failure=failure,
        )
        self.trials.append(trial)
        self.record(trial)
        self._tell(trial)
        return trial

    def _tell(self, trial: Trial) -> None:
        best = self.best()
        log.info(
            "trial %d %s %s %s best %s | %s | %.0f s, %.0f s left",
            trial.number,
            trial.stage,
            trial.state,
            trial.failure if trial.value is None else f"{trial.value:.4f}",
            "-" if best is None else f"{best.value:.4f} {best.recipe.name}",
            trial.recipe.model_dump_json(exclude_none=True),
            trial.seconds,
            max(self._left, 0),
        )


def _study(trials: Sequence[Trial], within: Space) -> optuna.Study:
    """Return a study that knows these trials. Its seed is another after each restart."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)  # each trial has a line of ours
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)  # `group`
        sampler = optuna.samplers.TPESampler(
            seed=_SEED + len(trials), n_startup_trials=_AT_RANDOM, multivariate=True, group=True
        )
    study = optuna.create_study(
        direction="maximize",
        sampler=sampler,
        pruner=optuna.pruners.MedianPruner(n_startup_trials=_BEFORE_PRUNING),
    )
    for trial in trials:
        if trial.stage == "explore" and within.parameters(trial.recipe) is not None:
            study.add_trial(_remembered(trial, within))
    return study


def _remembered(trial: Trial, within: Space) -> optuna.trial.FrozenTrial:
    fixed = FixedTrial(trial.parameters)
    within.suggest(fixed)
    values = list(trial.by_window.values())
    complete = trial.state == "complete"
    return optuna.create_trial(
        state=TrialState.COMPLETE if complete else TrialState.PRUNED,
        value=trial.value if complete else None,
        params=fixed.params,
        distributions=fixed.distributions,
        intermediate_values={n: fmean(values[:n]) for n in range(1, len(values) + 1)},
    )


def _value(trial: Trial) -> float:
    return -math.inf if trial.value is None else trial.value


def _never(_: Sequence[float]) -> bool:
    return False


def _finite(value: float, window: str) -> float:
    if not math.isfinite(value):
        raise NothingToLearnError(f"no score on {window}: it is no number")
    return value
