"""Search for the recipe with the best mean score over the rolling windows.

Optuna proposes the recipes (multivariate TPE, Bergstra et al. 2011). First come the starts, among
them the nominated recipe and the champion, never pruned; the best of them decides the space that is
explored. A proposal is scored window by window and pruned if its mean so far is below the median of
the other trials. A second space, chosen by the best recipe so far, may follow. The best trials, the
finalists, are then scored with more seeds, because the variance between seeds is as large as the
differences between good recipes.

Every trial is recorded when it ends. A search with the trials of an interrupted attempt continues
there, with the time that is left.
"""

import json
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from statistics import fmean

import optuna

from jobs.engine.judging.evaluation import Score
from jobs.engine.recipes import AlsWithPriors, AnyRecipe
from jobs.engine.searching import plan, space
from jobs.engine.searching.outcomes import score_windows
from jobs.engine.searching.plan import FINALISTS, MAX_SECOND_TRIALS, SEEDS, Budget, Clock, Plan
from jobs.engine.searching.space import Parameters
from jobs.engine.searching.trials import (
    Space,
    Trial,
    completed,
    durations,
    frozen_trial,
    study_of,
    value_of,
)
from warehouse.tables.vocabulary import TrialStage

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Problem:
    """The recipes of a search, and how to score them.

    Args:
        windows: names of the rolling windows, in the order in which they are scored.
        score: returns the score of a recipe on a window.
        starts: recipes that are tried first.
        space: returns the space to explore, given the best of the starts.
        second: returns the space to explore then, given the best recipe so far, or None.
        eligible: whether a recipe may win; others win only if no eligible one was completed.
    """

    windows: Sequence[str]
    score: Callable[[AnyRecipe, str], Score]
    starts: Sequence[AnyRecipe]
    space: Callable[[AnyRecipe], Space]
    second: Callable[[AnyRecipe], Space | None] | None = None
    eligible: Callable[[AnyRecipe], bool] = lambda _: True


class Search:
    """A search in progress, with a budget for all attempts together.

    Args:
        problem: the recipes, and how to score them.
        budget: of all attempts.
        record: is called with each trial when it ends.
        trials: those of earlier attempts.
        started: when this attempt started, by `now`; None: now.
        now: returns seconds of a monotonic clock.
    """

    def __init__(
        self,
        problem: Problem,
        budget: Budget,
        record: Callable[[Trial], None],
        *,
        trials: Sequence[Trial] = (),
        started: float | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.problem, self.budget, self.trials = problem, budget, list(trials)
        self._record = record
        spent = sum(trial.seconds for trial in trials)
        self.clock = Clock(budget.seconds, spent, started=started, now=now)
        self._plan = Plan(self.clock.for_trials, budget.n_trials, problem.second is not None)
        self._first: list[Trial] = []  # explored in the first space

    def run(self) -> Trial | None:
        """Explore, score the finalists, return the best trial; None if no trial was completed."""
        self._explore(self.problem.space(self._best_start()), second=False)
        best = max(completed(self._of("explore")), key=value_of, default=None)
        if best is not None and self.problem.second is not None:
            second = self.problem.second(best.recipe)
            if second is not None:
                self._explore(second, second=True)
        for trial in self._finalists():
            if not self._score_with_more_seeds(trial):
                break
        return self.best()

    def best(self) -> Trial | None:
        """Return the best finalist; without finalists, the best explored trial."""
        finals = completed(self._of("final"))
        return max(finals or self._candidates(), key=value_of, default=None)

    def _of(self, stage: TrialStage) -> list[Trial]:
        return [trial for trial in self.trials if trial.stage == stage]

    def _candidates(self) -> list[Trial]:
        """Return the completed explored trials that may win; all of them if none is eligible."""
        explored = completed(self._of("explore"))
        return [trial for trial in explored if self.problem.eligible(trial.recipe)] or explored

    def _best_start(self) -> AnyRecipe:
        """Try the starts while there is time; return the best one, the first if all failed."""
        starts = [*dict.fromkeys(self.problem.starts)]
        tried = {trial.recipe for trial in self.trials}
        for recipe in starts:
            if recipe not in tried and self._may_explore([], second=False):
                self._try_start(self.problem.space(recipe), recipe)
        of_starts = [trial for trial in completed(self._of("explore")) if trial.recipe in starts]
        best = max(of_starts, key=value_of, default=None)
        return starts[0] if best is None else best.recipe

    def _explore(self, space: Space, *, second: bool) -> None:
        """Explore the space while there is time; earlier trials of the space count."""
        study, tried = study_of(self.trials, space), {trial.recipe for trial in self.trials}
        starts = [recipe for recipe in dict.fromkeys(space.starts) if recipe not in tried]
        of_space = [trial for trial in self._of("explore") if space.contains(trial.recipe)]
        if not second:
            self._first = of_space  # the same list: it has the trials that are added below
        while self._may_explore(of_space, second=second):
            if starts:
                trial = self._try_start(space, starts.pop(0))
                if space.contains(trial.recipe):
                    study.add_trial(frozen_trial(trial, space))
            else:
                trial = self._try_proposal(study, space)
            if space.contains(trial.recipe):
                of_space.append(trial)

    def _may_explore(self, of_space: Sequence[Trial], *, second: bool) -> bool:
        """Return whether time and trials are left for one more recipe of the space."""
        n_explored = len(self._of("explore"))
        if not n_explored:
            return True
        if second and len(of_space) >= MAX_SECOND_TRIALS:
            return False
        if n_explored >= self._plan.max_trials(second=second):
            return False
        typical = next_trial = self._typical_seconds()
        if second:
            next_trial = plan.second_seconds(durations(of_space), typical)
        return self.clock.left >= self._plan.seconds_needed(next_trial, typical, second=second)

    def _typical_seconds(self) -> float:
        return plan.typical_seconds(durations(self._first) or durations(self._of("explore")))

    def _try_start(self, space: Space, recipe: AnyRecipe) -> Trial:
        """Score a start on all windows."""
        parameters = space.parameters(recipe) or {}
        return self._try(recipe, "explore", parameters, partial(self.problem.score, recipe))

    def _try_proposal(self, study: optuna.Study, space: Space) -> Trial:
        """Score a recipe that Optuna proposes, unless it is pruned before the last window."""
        proposal = study.ask()
        recipe = space.suggest(proposal)

        def prunes(scores: Sequence[float]) -> bool:
            proposal.report(fmean(scores), len(scores))
            return bool(proposal.should_prune())

        score, parameters = partial(self.problem.score, recipe), dict(proposal.params)
        trial = self._try(recipe, "explore", parameters, score, prunes)
        if trial.state == "complete":
            study.tell(proposal, trial.value)
        else:
            study.tell(proposal, state=optuna.trial.TrialState.PRUNED)  # see `frozen_trial`
        return trial

    def _finalists(self) -> list[Trial]:
        """Return the best trials of different recipes that have no score with more seeds yet."""
        ranked = sorted(self._candidates(), key=value_of, reverse=True)
        by_recipe: dict[AnyRecipe, Trial] = {}
        for trial in ranked:
            by_recipe.setdefault(trial.recipe, trial)
        done = {trial.recipe for trial in self._of("final")}
        return [trial for trial in [*by_recipe.values()][:FINALISTS] if trial.recipe not in done]

    def _score_with_more_seeds(self, explored: Trial) -> bool:
        """Score a finalist with more seeds; return whether there was time."""
        others = [space.reseeded(explored.recipe, nth) for nth in range(1, SEEDS)]
        recipes = [recipe for recipe in others if recipe is not None]
        if recipes and self.clock.left < self._seconds_for_seeds(explored.recipe):
            log.info("no time left to score %s with more seeds", explored.recipe.name)
            return False

        def mean_of_seeds(window: str) -> Score:
            scores = [self.problem.score(recipe, window) for recipe in recipes]
            values = [explored.by_window[window], *(score.value for score in scores)]
            return Score(fmean(values), sum(score.n_users for score in scores))

        self._try(explored.recipe, "final", explored.parameters, mean_of_seeds)
        return True

    def _seconds_for_seeds(self, recipe: AnyRecipe) -> float:
        """Return how long the other seeds take; 0 if another finalist has fitted these models."""
        if isinstance(recipe, AlsWithPriors):
            finals = [trial.recipe for trial in completed(self._of("final"))]
            with_priors = [final for final in finals if isinstance(final, AlsWithPriors)]
            if recipe.als in [final.als for final in with_priors]:
                return 0.0
        n_models = recipe.models if isinstance(recipe, AlsWithPriors) else 1
        return (SEEDS - 1) * n_models * self._typical_seconds()

    def _try(
        self,
        recipe: AnyRecipe,
        stage: TrialStage,
        parameters: Parameters,
        score: Callable[[str], Score],
        prunes: Callable[[Sequence[float]], bool] = lambda _: False,
    ) -> Trial:
        """Score the recipe window by window; return the recorded trial."""
        started = self.clock.now()
        outcome = score_windows(self.problem.windows, score, prunes)
        trial = Trial(
            number=len(self.trials),
            stage=stage,
            recipe=recipe,
            parameters=parameters,
            state=outcome.state,
            value=outcome.value,
            by_window=outcome.by_window,
            n_users=outcome.n_users,
            seconds=self.clock.now() - started,
            failure=outcome.failure,
        )
        self.trials.append(trial)
        self._record(trial)
        best = self.best()
        log.info(
            "trial number=%d stage=%s result=%s best=%s recipe=%s seconds=%.0f seconds_left=%.0f",
            trial.number,
            trial.stage,
            f"{trial.value:.4f}" if trial.state == "complete" else json.dumps(trial.failure),
            "none" if best is None else f"{best.value:.4f}",
            json.dumps(trial.recipe.model_dump_json(exclude_none=True)),
            trial.seconds,
            max(self.clock.left, 0),
        )
        return trial
