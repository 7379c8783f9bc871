"""Retrains as values, made from rows of gold tables."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from statistics import fmean
from typing import Any

from serving.schemas import Verdict

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Search:
    """Outcome of a search. Without a budget `found_by` is `nomination` and there is no trial."""

    found_by: str
    value: float | None
    n_trials: int
    n_pruned: int
    n_failed: int
    budget_seconds: float
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
        """Airflow's id of its run."""
        return self.retrain_id.partition("/")[2]


@dataclass(frozen=True)
class Trial:
    """One recipe that a search tried. `value` is its mean NDCG@10 over the windows scored."""

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


@dataclass(frozen=True)
class Sample:
    """One sample user's first titles under one recipe. `relevant` marks the hits among them."""

    recipe: str
    role: str
    user_id: str
    slices: Sequence[str]
    titles: Sequence[str]
    relevant: Sequence[bool]
    n_relevant: int


def retrains(
    nominations: Sequence[Row], searches: Sequence[Row], verdicts: Sequence[Row]
) -> list[Retrain]:
    """Return one retrain per nomination, newest first."""
    names = [field.name for field in fields(Search)]
    search_by_id = {
        row["retrain_id"]: Search(**{name: row[name] for name in names}) for row in searches
    }
    verdict_by_id = {row["retrain_id"]: Verdict.model_validate(row) for row in verdicts}
    by_age = sorted(nominations, key=lambda row: row["nominated_at"], reverse=True)
    return [
        Retrain(
            retrain_id=row["retrain_id"],
            nominated_at=row["nominated_at"],
            reason=row["reason"],
            search=search_by_id.get(row["retrain_id"]),
            verdict=verdict_by_id.get(row["retrain_id"]),
        )
        for row in by_age
    ]


def trials(rows: Sequence[Row]) -> list[Trial]:
    """Return the trials in their order."""
    parsed = [
        Trial(
            **{
                **row,
                "parameters": json.loads(row["parameters"]),
                "by_window": dict(row["by_window"] or ()),
            }
        )
        for row in rows
    ]
    return sorted(parsed, key=lambda trial: trial.number)


def best_so_far(trials: Sequence[Trial]) -> list[tuple[int, float]]:
    """Return (number, best value until then) for each completed trial of the exploration."""
    best, steps = float("-inf"), []
    for trial in trials:
        if trial.state == "complete" and trial.stage == "explore" and trial.value is not None:
            best = max(best, trial.value)
            steps.append((trial.number, best))
    return steps


def comparable(trials: Sequence[Trial]) -> dict[int, float]:
    """Return each trial's value by its number, corrected for the windows that it did not see.

    Windows differ in level by more than recipes do. A pruned trial is therefore placed as far from
    the completed trials' mean as it was on the windows that it saw.
    """
    done = [trial for trial in trials if trial.state == "complete" and trial.by_window]
    windows = {name for trial in done for name in trial.by_window}
    level = {
        name: fmean(trial.by_window[name] for trial in done if name in trial.by_window)
        for name in windows
    }
    values = {}
    for trial in trials:
        if trial.value is None:
            continue
        seen = [level[name] for name in trial.by_window if name in level]
        cut_short = trial.state == "pruned" and seen
        correction = fmean(level.values()) - fmean(seen) if cut_short else 0.0
        values[trial.number] = trial.value + correction
    return values


def best(trials: Sequence[Trial]) -> Trial | None:
    """Return the best completed finalist; without finalists, the best completed trial."""
    done = [trial for trial in trials if trial.state == "complete" and trial.value is not None]
    finalists = [trial for trial in done if trial.stage == "final"] or done
    return max(finalists, key=lambda trial: trial.value or 0.0, default=None)
