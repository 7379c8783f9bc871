"""Scores of one recipe, window by window, until the end, a failure or pruning."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import fmean

from jobs.engine.errors import NothingToLearnError
from jobs.engine.judging.evaluation import FIT_FAILURES, Score
from warehouse.tables.vocabulary import TrialState


@dataclass
class Outcome:
    """The scores so far; `failure` says why it is not complete."""

    state: TrialState = "complete"
    by_window: dict[str, float] = field(default_factory=dict)
    n_users: int = 0
    failure: str | None = None

    @property
    def value(self) -> float | None:
        """The mean score, None after a failure."""
        return fmean(self.by_window.values()) if self.state != "failed" else None


def score_windows(
    windows: Sequence[str], score: Callable[[str], Score], prunes: Callable[[Sequence[float]], bool]
) -> Outcome:
    """Return the scores on the windows, in order.

    `prunes` is called with the scores after each window but the last; true ends the trial.
    """
    outcome = Outcome()
    try:
        for window in windows:
            result = score(window)
            if not math.isfinite(result.value):
                raise NothingToLearnError(f"no score on {window}: it is not finite")
            outcome.by_window[window] = result.value
            outcome.n_users += result.n_users
            is_last = len(outcome.by_window) == len(windows)
            if not is_last and prunes([*outcome.by_window.values()]):
                outcome.state, outcome.failure = "pruned", f"below the median after {window}"
                break
    except FIT_FAILURES as error:
        outcome.state, outcome.failure = "failed", str(error).split("\n", 1)[0]
    return outcome
