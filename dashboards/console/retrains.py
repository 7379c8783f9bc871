"""Retrains as the lake tells of them: values out of gold rows, and nothing drawn."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import fmean
from typing import Any

from serving.schemas import Verdict

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Search:
    """What a search came to. Without a budget `found_by` is `nomination`, and nothing was tried."""

    found_by: str
    value: float | None
    n_trials: int
    n_pruned: int
    n_failed: int
    budget_seconds: float
    seconds: float


@dataclass(frozen=True)
class Retrain:
    """One retrain, from the moment that somebody stands in it."""

    retrain_id: str
    nominated_at: datetime
    reason: str
    search: Search | None
    verdict: Verdict | None
    publishes: bool = False

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
        """How it is drawn: `final`, else its state."""
        return "final" if (self.stage, self.state) == ("final", "complete") else self.state


@dataclass(frozen=True)
class Figure:
    """One figure of one recipe, on a window, over a slice of the people judged."""

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
    """The first titles of one person's list under one recipe; `relevant` marks what was a hit."""

    recipe: str
    role: str
    user_id: str
    slices: tuple[str, ...]
    titles: tuple[str, ...]
    relevant: tuple[bool, ...]
    n_relevant: int


def retrains(
    nominations: Sequence[Row], searches: Sequence[Row], verdicts: Sequence[Row]
) -> list[Retrain]:
    """Return every retrain, newest first. Without a nomination there is none."""
    searched = {row["retrain_id"]: row for row in searches}
    decided = {row["retrain_id"]: row for row in verdicts}
    found = [
        _retrain(row, searched.get(row["retrain_id"]), decided.get(row["retrain_id"]))
        for row in nominations
    ]
    return sorted(found, key=lambda each: each.nominated_at, reverse=True)


def trials(rows: Sequence[Row]) -> list[Trial]:
    """Return the trials in their order."""
    found = [
        Trial(
            number=row["number"],
            stage=row["stage"],
            recipe=row["recipe"],
            recipe_json=row["recipe_json"],
            parameters=json.loads(row["parameters"]),
            state=row["state"],
            value=row["value"],
            by_window=dict(row["by_window"] or ()),
            seconds=row["seconds"],
            failure=row["failure"],
        )
        for row in rows
    ]
    return sorted(found, key=lambda trial: trial.number)


def figures(rows: Sequence[Row]) -> list[Figure]:
    """Return the figures of every recipe, window and slice."""
    names = Figure.__dataclass_fields__
    return [Figure(**{name: row[name] for name in names}) for row in rows]


def samples(rows: Sequence[Row]) -> list[Sample]:
    """Return the sample lists by person, as the rows' own order is not given."""
    found = [
        Sample(
            recipe=row["recipe"],
            role=row["role"],
            user_id=row["user_id"],
            slices=tuple(row["slices"] or ()),
            titles=tuple(row["titles"]),
            relevant=tuple(row["relevant"]),
            n_relevant=row["n_relevant"],
        )
        for row in rows
    ]
    return sorted(found, key=lambda sample: (sample.user_id, sample.recipe))


def best_so_far(found: Sequence[Trial]) -> list[tuple[int, float]]:
    """Return (number, best value until then), for each explored trial that came to its end."""
    best, line = float("-inf"), []
    for trial in found:
        if trial.state == "complete" and trial.stage == "explore" and trial.value is not None:
            best = max(best, trial.value)
            line.append((trial.number, best))
    return line


def comparable(found: Sequence[Trial]) -> dict[int, float]:
    """Return each trial's value by its number, a pruned one's as if it had seen all windows.

    Windows differ in level by more than recipes do. So a pruned trial is put as far from what the
    completed ones came to as it was on the windows that it saw.
    """
    done = [trial for trial in found if trial.state == "complete" and trial.by_window]
    windows = {name for trial in done for name in trial.by_window}
    level = {
        name: fmean(trial.by_window[name] for trial in done if name in trial.by_window)
        for name in windows
    }
    values = {}
    for trial in found:
        if trial.value is None:
            continue
        seen = [level[name] for name in trial.by_window if name in level]
        cut_short = trial.state == "pruned" and seen
        missed = fmean(level.values()) - fmean(seen) if cut_short else 0.0
        values[trial.number] = trial.value + missed
    return values


def best(found: Sequence[Trial]) -> Trial | None:
    """Return the best finalist; without any, the best trial that came to its end."""
    done = [trial for trial in found if trial.state == "complete" and trial.value is not None]
    final = [trial for trial in done if trial.stage == "final"] or done
    return max(final, key=lambda trial: trial.value or 0.0, default=None)


def _retrain(nominated: Row, searched: Row | None, decided: Row | None) -> Retrain:
    return Retrain(
        retrain_id=nominated["retrain_id"],
        nominated_at=nominated["nominated_at"],
        reason=nominated["reason"],
        search=None if searched is None else _search(searched),
        verdict=None if decided is None else Verdict.model_validate(decided),
        publishes=bool(decided and decided["publishes"]),
    )


def _search(row: Row) -> Search:
    return Search(**{name: row[name] for name in Search.__dataclass_fields__})
