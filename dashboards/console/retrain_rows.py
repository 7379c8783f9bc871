"""Retrains and their trials, built from rows of the gold tables."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import fmean
from typing import Any

from serving.schemas import Verdict

Row = dict[str, Any]


@dataclass(frozen=True)
class Search:
    """Outcome of a search.

    `found_by` is `nomination` if there was no budget, no window or no completed trial.
    """

    retrain_id: str
    found_by: str
    value: float | None
    n_trials: int
    n_pruned: int
    n_failed: int
    seconds: float


@dataclass(frozen=True)
class Retrain:
    """One retrain, from its nomination on."""

    retrain_id: str
    nominated_at: datetime
    reason: str
    search: Search | None
    verdict: Verdict | None

    @property
    def run_id(self) -> str:
        """Id of the run in Airflow."""
        return self.retrain_id.partition("/")[2]


@dataclass(frozen=True)
class Trial:
    """One recipe that a search tried. `value`: mean NDCG@10 over the windows in `by_window`."""

    number: int
    stage: str
    recipe: str
    recipe_json: str
    parameters: Mapping[str, float | str]
    state: str
    value: float | None
    by_window: Mapping[str, float]
    seconds: float
    failure: str | None

    @property
    def kind(self) -> str:
        """`final` for a completed finalist, else the state."""
        return "final" if (self.stage, self.state) == ("final", "complete") else self.state


@dataclass(frozen=True)
class Figure:
    """One metric of one recipe, on a window, over a slice of the evaluation users."""

    recipe: str
    role: str
    window: str
    slice: str
    metric: str
    value: float
    n_users: int
    fit_seconds: float | None
    recipe_json: str = "{}"


@dataclass(frozen=True)
class Sample:
    """The first titles of a sample user's list by one recipe. `relevant` marks the hits."""

    recipe: str
    role: str
    user_id: str
    slices: Sequence[str]
    titles: Sequence[str]
    relevant: Sequence[bool]
    n_relevant: int


@dataclass(frozen=True)
class TrialCost:
    """What a search spent, in seconds: on its preparation, and on each trial on average."""

    preparation: float
    per_trial: float

    def n_trials(self, budget: float) -> int:
        """Return the expected number of trials in a budget of seconds; the first always runs."""
        return max(int((budget - self.preparation) / self.per_trial), 1)


def retrains(
    nominations: Sequence[Row], searches: Sequence[Row], verdicts: Sequence[Row]
) -> list[Retrain]:
    """Return one retrain per nomination, newest first."""
    search_by_id = {row["retrain_id"]: Search(**row) for row in searches}
    verdict_by_id = {row["retrain_id"]: Verdict.model_validate(row) for row in verdicts}
    by_age = sorted(nominations, key=lambda row: row["nominated_at"], reverse=True)
    return [
        Retrain(
            **row,
            search=search_by_id.get(row["retrain_id"]),
            verdict=verdict_by_id.get(row["retrain_id"]),
        )
        for row in by_age
    ]


def trials(rows: Sequence[Row]) -> list[Trial]:
    """Return the trials by number."""
    return sorted(map(_trial, rows), key=lambda trial: trial.number)


def _trial(row: Row) -> Trial:
    parameters, by_window = json.loads(row["parameters"]), dict(row["by_window"] or ())
    return Trial(**row | {"parameters": parameters, "by_window": by_window})


def last_searched(retrains: Sequence[Retrain]) -> Retrain | None:
    """Return the newest retrain whose search had trials. Retrains are newest first."""
    return next(
        (retrain for retrain in retrains if retrain.search and retrain.search.n_trials), None
    )


def trial_cost(search: Search, trials: Sequence[Trial]) -> TrialCost | None:
    """Return the cost of a search's trials; None if they took no time."""
    spent = sum(trial.seconds for trial in trials)
    return TrialCost(max(search.seconds - spent, 0.0), spent / len(trials)) if spent else None


def best_so_far(trials: Sequence[Trial]) -> list[tuple[int, float]]:
    """Return (number, best value so far) for each completed trial of the exploration."""
    best, steps = float("-inf"), []
    for trial in trials:
        if trial.state == "complete" and trial.stage == "explore" and trial.value is not None:
            best = max(best, trial.value)
            steps.append((trial.number, best))
    return steps


def comparable(trials: Sequence[Trial]) -> dict[int, float]:
    """Return each trial's value by its number, corrected for the windows that it skipped.

    Windows differ in level by more than recipes do. A pruned trial therefore keeps its distance
    from the completed trials' mean, measured on the windows that it was evaluated on.
    """
    done = [trial for trial in trials if trial.state == "complete" and trial.by_window]
    level = {
        window: fmean(trial.by_window[window] for trial in done if window in trial.by_window)
        for window in {window for trial in done for window in trial.by_window}
    }
    values = {}
    for trial in trials:
        if trial.value is None:
            continue
        levels = [level[window] for window in trial.by_window if window in level]
        is_cut_short = trial.state == "pruned" and levels
        correction = fmean(level.values()) - fmean(levels) if is_cut_short else 0.0
        values[trial.number] = trial.value + correction
    return values


def best(trials: Sequence[Trial]) -> Trial | None:
    """Return the best completed finalist; without finalists, the best completed trial."""
    done = [trial for trial in trials if trial.state == "complete" and trial.value is not None]
    finalists = [trial for trial in done if trial.stage == "final"] or done
    return max(finalists, key=lambda trial: trial.value or 0.0, default=None)
