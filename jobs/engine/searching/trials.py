"""Trials: what a search tried, and what Optuna's sampler remembers of it."""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import fmean

import optuna
from optuna.trial import BaseTrial, FixedTrial

from jobs.engine.recipes import AnyRecipe
from jobs.engine.searching.space import Parameters
from warehouse.tables.vocabulary import TrialStage, TrialState

_SEED = 20260101
_AT_RANDOM = 8  # trials before the sampler learns
_BEFORE_PRUNING = 4


@dataclass(frozen=True, slots=True)
class Space:
    """Which recipes there are: see `jobs.engine.searching.space`.

    Those of `starts` are tried first.
    """

    suggest: Callable[[BaseTrial], AnyRecipe]
    parameters: Callable[[AnyRecipe], Parameters | None]
    starts: Sequence[AnyRecipe] = ()


@dataclass(frozen=True, slots=True)
class Budget:
    """How long a search may take, and how many recipes it may explore (0: any number)."""

    seconds: float
    n_trials: int = 0


@dataclass(frozen=True, slots=True)
class Trial:
    """One recipe and how it did: `value` is the mean of `by_window`, which pruning cuts short."""

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


def study_of(trials: Sequence[Trial], within: Space) -> optuna.Study:
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
            study.add_trial(remembered(trial, within))
    return study


def remembered(trial: Trial, within: Space) -> optuna.trial.FrozenTrial:
    """Return the trial as the sampler knows it. One that failed counts as the worst of all."""
    fixed = FixedTrial(trial.parameters)
    within.suggest(fixed)
    values = list(trial.by_window.values())
    states = optuna.trial.TrialState
    complete = trial.state == "complete"
    return optuna.create_trial(
        state=states.COMPLETE if complete else states.PRUNED,
        value=trial.value if complete else None,
        params=fixed.params,
        distributions=fixed.distributions,
        intermediate_values={n: fmean(values[:n]) for n in range(1, len(values) + 1)},
    )
