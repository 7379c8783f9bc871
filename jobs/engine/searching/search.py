"""Search: the recipe that serves the people of the rolling windows best, proposed by Optuna.

Recipes that are given come first: the nominated one, the champion's. Then the sampler (TPE,
Bergstra et al. 2011, multivariate) proposes. A trial is scored window by window and pruned where
its mean so far lies below the median of the others'. Then a second space may be looked through,
around the best of the first. The best few, the finalists, are scored with more seeds, and the best
mean wins: one seed's luck is as large as what recipes differ by.

Every trial is recorded as it ends. A search that is given the trials of one that was killed goes
on from there, with the time that is left.
"""

import json
import logging
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import fmean, median_low

import optuna

from jobs.engine.errors import NothingToLearnError
from jobs.engine.judging.evaluation import FAILURES, Score
from jobs.engine.recipes import AlsWithPriors, AnyRecipe
from jobs.engine.searching import space
from jobs.engine.searching.space import Parameters
from jobs.engine.searching.trials import (
    Budget,
    Space,
    Trial,
    remembered,
    study_of,
)
from warehouse.tables.vocabulary import TrialStage, TrialState

log = logging.getLogger(__name__)

SEEDS = 3
FINALISTS = 3
_MOST_FOR_FINALISTS = 0.35  # of the time for trials
_FOR_SECOND = 0.2  # of the time for trials, and of their number
_MOST_OF_SECOND = 80  # trials: its people are few, and at last only their luck is learned

Scorer = Callable[[AnyRecipe, str], Score]


def _no_space(_: AnyRecipe) -> None:
    return None


def _all(_: AnyRecipe) -> bool:
    return True


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
    whole: float = 0.0  # seconds for trials: the budget without what came before them
    inside: dict[tuple[int, int], bool] = field(default_factory=dict)  # by space and trial

    def run(self) -> Trial | None:
        """Explore, score the finalists, return the best trial; None where none was completed."""
        now = self.clock() if self.started is None else self.started
        spent = sum(trial.seconds for trial in self.trials)
        self.started = now - spent
        self.whole = self._left + spent
        self._look(self.space, kept=_FOR_SECOND if self.around is not _no_space else 0)
        best = max(self._inside(self.space), key=_value, default=None)
        second = None if best is None else self.around(best.recipe)
        if second is not None:
            self._look(second, most=_MOST_OF_SECOND)
        for trial in self._finalists():
            if not self._final(trial):
                break
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

    def _complete(self, stage: TrialStage) -> list[Trial]:
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
        """How long a trial takes that is scored on all windows. The first one also warms up."""
        tried = self._inside(self.space) or self._complete("explore")
        seconds = [trial.seconds for trial in tried] or [0.0]
        return seconds[0] / 2 if len(seconds) == 1 else median_low(seconds)

    def _price(self, recipe: AnyRecipe) -> float:
        """How long a finalist's other seeds take; those of priors' models are fitted once."""
        als = recipe.als if isinstance(recipe, AlsWithPriors) else None
        known = any(
            isinstance(trial.recipe, AlsWithPriors) and trial.recipe.als == als
            for trial in self._complete("final")
        )
        return 0.0 if known else (SEEDS - 1) * space.n_fits(recipe) * self._typical

    @property
    def _for_finalists(self) -> float:
        """How long is kept for the finalists, which cannot be more than a share of the time."""
        models = 0 if self.around is _no_space else SEEDS - 1
        wished = (FINALISTS + models) * (SEEDS - 1) * self._typical
        return min(wished, _MOST_FOR_FINALISTS * self.whole)

    def _look(self, within: Space, *, kept: float = 0.0, most: float = math.inf) -> None:
        """Explore a space with `most` trials of its own; the `kept` share of the budget is left."""
        study = study_of(self.trials, within)
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
        next_one = self._typical
        if within is not self.space:
            next_one = self._price_in(within)
        return self._left >= self._for_finalists + next_one + kept * self.whole

    def _price_in(self, within: Space) -> float:
        """How long the next trial takes around the best ALS: only the first one fits models."""
        done = [trial.seconds for trial in self._inside(within)]
        if not done:
            return SEEDS * self._typical
        return median_low(done[1:]) if len(done) > 1 else 0.0

    def _explore_given(self, study: optuna.Study, within: Space, recipe: AnyRecipe) -> None:
        """Explore this recipe to the end; the sampler hears of it if it lies in its space."""
        chosen = within.parameters(recipe)
        found = self._tried(
            recipe, "explore", chosen or {}, lambda window: self.score(recipe, window), _never
        )
        if chosen:
            study.add_trial(remembered(found, within))

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
            study.tell(
                asked, state=optuna.trial.TrialState.PRUNED
            )  # a failed one too: it counts as the worst

    def _finalists(self) -> list[Trial]:
        """Return the best explored recipes that were not scored with more seeds yet."""
        explored = self._complete("explore")
        may_win = [trial for trial in explored if self.eligible(trial.recipe)]
        ranked = sorted(may_win or explored, key=_value, reverse=True)
        best = dict.fromkeys(trial.recipe for trial in ranked)
        first = {trial.recipe: trial for trial in reversed(ranked)}
        done = {trial.recipe for trial in self.trials if trial.stage == "final"}
        chosen = list(best)[:FINALISTS]
        return [first[recipe] for recipe in chosen if recipe not in done]

    def _final(self, explored: Trial) -> bool:
        """Score a finalist with more seeds; return whether there was time."""
        others = [space.reseeded(explored.recipe, nth) for nth in range(1, SEEDS)]
        seeds = [recipe for recipe in others if recipe is not None]
        if seeds and self._left < self._price(explored.recipe):
            log.info("no time left to score %s with more seeds", explored.recipe.name)
            return False

        def over_seeds(window: str) -> Score:
            scores = [self.score(recipe, window) for recipe in seeds]
            values = [explored.by_window[window], *(score.value for score in scores)]
            return Score(fmean(values), sum(score.n_users for score in scores))

        self._tried(explored.recipe, "final", explored.parameters, over_seeds, _never)
        return True

    def _tried(
        self,
        recipe: AnyRecipe,
        stage: TrialStage,
        parameters: Parameters,
        score: Callable[[str], Score],
        hopeless: Callable[[Sequence[float]], bool],
    ) -> Trial:
        """Score window after window; return the trial after it was recorded."""
        started, n_users = self.clock(), 0
        by_window: dict[str, float] = {}
        state: TrialState = "complete"
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
            "trial number=%d stage=%s result=%s best=%s recipe=%s seconds=%.0f seconds_left=%.0f",
            trial.number,
            trial.stage,
            f"{trial.value:.4f}" if trial.state == "complete" else json.dumps(trial.failure),
            "none" if best is None else f"{best.value:.4f}",
            json.dumps(trial.recipe.model_dump_json(exclude_none=True)),
            trial.seconds,
            max(self._left, 0),
        )


def _value(trial: Trial) -> float:
    return -math.inf if trial.value is None else trial.value


def _never(_: Sequence[float]) -> bool:
    return False


def _finite(value: float, window: str) -> float:
    if not math.isfinite(value):
        raise NothingToLearnError(f"no score on {window}: it is no number")
    return value
