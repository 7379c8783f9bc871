"""Trials: the recipes a search has scored, and the state of Optuna's sampler."""

import math
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import fmean

import optuna
from optuna.trial import BaseTrial, FixedTrial

from jobs.engine.recipes import SEED, AnyRecipe
from jobs.engine.searching.space import Parameters
from warehouse.tables.vocabulary import TrialStage, TrialState

_RANDOM_TRIALS = 8  # before the sampler proposes
_TRIALS_BEFORE_PRUNING = 4


@dataclass(frozen=True, slots=True)
class Space:
    """A set of recipes as Optuna's parameters; `starts` are tried first."""

    suggest: Callable[[BaseTrial], AnyRecipe]
    parameters: Callable[[AnyRecipe], Parameters | None]  # None outside the space
    starts: Sequence[AnyRecipe] = ()

    def contains(self, recipe: AnyRecipe) -> bool:
        """Return whether `suggest` can return the recipe."""
        return self.parameters(recipe) is not None


@dataclass(frozen=True, slots=True)
class Trial:
    """One recipe and its scores. `value` is the mean of `by_window`, which pruning cuts short."""

    number: int
    stage: TrialStage
    recipe: AnyRecipe
    parameters: Parameters
    state: TrialState
    value: float | None
    by_window: dict[str, float]
    n_users: int
    seconds: float
    failure: str | None = None


def completed(trials: Sequence[Trial]) -> list[Trial]:
    """Return the trials that were scored on all windows."""
    return [trial for trial in trials if trial.state == "complete"]


def durations(trials: Sequence[Trial]) -> list[float]:
    """Return the seconds of the completed trials."""
    return [trial.seconds for trial in completed(trials)]


def value_of(trial: Trial) -> float:
    """Return the mean score of the trial; minus infinity without one."""
    return -math.inf if trial.value is None else trial.value


def study_of(trials: Sequence[Trial], space: Space) -> optuna.Study:
    """Return a study with the explored `trials` of the space; its seed is their number."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)  # the search logs each trial itself
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)  # `group`
        sampler = optuna.samplers.TPESampler(
            seed=SEED + len(trials), n_startup_trials=_RANDOM_TRIALS, multivariate=True, group=True
        )
    study = optuna.create_study(
        direction="maximize",
        sampler=sampler,
        pruner=optuna.pruners.MedianPruner(n_startup_trials=_TRIALS_BEFORE_PRUNING),
    )
    for trial in trials:
        if trial.stage == "explore" and space.contains(trial.recipe):
            study.add_trial(frozen_trial(trial, space))
    return study


def frozen_trial(trial: Trial, space: Space) -> optuna.trial.FrozenTrial:
    """Return the trial for Optuna. A failed trial is `PRUNED`, so the sampler ranks it last.

    A trial that was started outside its space, and is in this one, has no parameters yet.
    """
    fixed = FixedTrial(trial.parameters or space.parameters(trial.recipe) or {})
    space.suggest(fixed)
    values = list(trial.by_window.values())
    states, is_complete = optuna.trial.TrialState, trial.state == "complete"
    return optuna.create_trial(
        state=states.COMPLETE if is_complete else states.PRUNED,
        value=trial.value if is_complete else None,
        params=fixed.params,
        distributions=fixed.distributions,
        intermediate_values={n: fmean(values[:n]) for n in range(1, len(values) + 1)},
    )
