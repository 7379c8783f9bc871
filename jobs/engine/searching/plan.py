"""The division of a search's seconds and trials between two spaces and the finalists."""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median_low

SEEDS = 3  # of each finalist
FINALISTS = 3
MAX_SECOND_TRIALS = 80  # with about 2,000 users per window, more trials would overfit them
_MAX_FINALISTS_SHARE = 0.35
_SECOND_SHARE = 0.2


@dataclass(frozen=True, slots=True)
class Budget:
    """The limits of a search: wall time, and explored recipes (0: no limit)."""

    seconds: float
    n_trials: int = 0


class Clock:
    """The wall time of a search over all its attempts.

    Args:
        budget: seconds for all attempts.
        spent: seconds of earlier attempts.
        started: when this attempt started, by `now`, so that its preparation counts; None: now.
        now: returns seconds of a monotonic clock.
    """

    def __init__(
        self,
        budget: float,
        spent: float = 0.0,
        *,
        started: float | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.now = now
        started = now() if started is None else started
        self.for_trials = budget - (now() - started)
        self._budget, self._started = budget, started - spent

    @property
    def seconds(self) -> float:
        """Seconds used so far."""
        return self.now() - self._started

    @property
    def left(self) -> float:
        """Seconds left of the budget."""
        return self._budget - self.seconds


@dataclass(frozen=True, slots=True)
class Plan:
    """The division of `seconds` and `n_trials` (0: no limit).

    A second space gets a fifth of both. The finalists get the time of their additional seeds, at
    most 35 %. `typical` is the expected seconds of a trial of the first space.
    """

    seconds: float
    n_trials: int = 0
    has_second: bool = False

    def max_trials(self, *, second: bool) -> float:
        """Return the number of recipes that may be explored until the end of a space."""
        return math.ceil(self.n_trials * (1 - self._reserved(second=second))) or math.inf

    def seconds_needed(self, next_trial: float, typical: float, *, second: bool) -> float:
        """Return the seconds that must be left to explore one more recipe."""
        reserved = self._reserved(second=second) * self.seconds
        return next_trial + self.seconds_for_finalists(typical) + reserved

    def seconds_for_finalists(self, typical: float) -> float:
        """Return the seconds to keep for the finalists."""
        # A recipe with priors has 3 models by default; the finalists with priors share their fits.
        further_models = 2 if self.has_second else 0
        seconds = (FINALISTS + further_models) * (SEEDS - 1) * typical
        return min(seconds, _MAX_FINALISTS_SHARE * self.seconds)

    def _reserved(self, *, second: bool) -> float:
        return _SECOND_SHARE if self.has_second and not second else 0.0


def typical_seconds(durations: Sequence[float]) -> float:
    """Return the expected duration of a trial of the first space, from those of earlier trials.

    A single trial counts half because the first one also warms up the JVM.
    """
    return median_low(durations) if len(durations) > 1 else sum(durations) / 2


def second_seconds(durations: Sequence[float], typical: float) -> float:
    """Return the expected duration of the next trial of the second space.

    Only the first one fits models, by default as many as `SEEDS`; then only weights change.
    """
    if not durations:
        return SEEDS * typical
    return median_low(durations[1:]) if len(durations) > 1 else 0.0
