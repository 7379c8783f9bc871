"""Input and output of the gate, as values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from jobs.engine.judging.intervals import Interval
from warehouse.tables.vocabulary import WARM, Outcome, Role


class Floors(Protocol):
    """Limits from the manifest."""

    @property
    def max_quarantine_share(self) -> float: ...  # noqa: D102
    @property
    def min_test_users(self) -> int: ...  # noqa: D102
    @property
    def min_coverage(self) -> float: ...  # noqa: D102
    @property
    def slice_tolerance(self) -> float: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Result:
    """The result of one recipe. `values` holds the headline metric of each evaluation user."""

    values: NDArray[np.float64]
    coverage: float = 1.0
    personalised: bool = True
    n_not_finite: int = 0
    n_empty: int = 0
    failure: str | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """Input of the gate. Arrays of `slices` and `Result.values` have the same order of users.

    `rolling` is the headline metric by recipe and rolling window, empty if they were not evaluated;
    `new_items` is that of the lists of new items, by recipe and for the two orders without a fit.
    Baselines do not affect the decision; `left_out` has the largest number of items of those for
    which the catalogue is too large.
    """

    n_interactions: int
    quarantine_share: float
    results: Mapping[str, Result]
    slices: Mapping[str, NDArray[np.bool_]]
    challenger: str
    champion: str | None
    popularities: tuple[str, ...]
    baselines: tuple[str, ...] = ()
    left_out: Mapping[str, int] = field(default_factory=dict)
    rolling: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    new_items: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    publishing_paused_by: str | None = None
    cut: str = "time"


@dataclass(frozen=True, slots=True)
class Criterion:
    """One criterion of the gate. `passed` is None if it did not apply."""

    criterion: str
    passed: bool | None
    detail: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """A recipe's headline metric, and the challenger's lead over it."""

    recipe: str
    role: Role
    value: float
    n_users: int
    lead: Interval | None


@dataclass(frozen=True, slots=True)
class Decision:
    """The recipe to release, and why. `recipe` is None for `hold`.

    With `new_items`, items without interactions get factors that their content predicts.
    """

    verdict: Outcome
    recipe: str | None
    reason: str
    publishes: bool
    criteria: tuple[Criterion, ...]
    comparisons: tuple[Comparison, ...]
    new_items: bool = False


def more_users(evidence: Evidence) -> str:
    """Return which settings of the manifest let more users be compared.

    Test users have events before the cut, and a new positive one after it.
    """
    at_random = '`windows.without_time = "random"` or ' if evidence.cut == "file_order" else ""
    settings = (
        f"For more test users, set {at_random}a smaller `windows.gate_train_share` in the "
        "manifest; to compare with fewer, a smaller `floors.min_test_users`."
    )
    if evidence.slices[WARM].any():
        return settings
    meaning = "`scale.relevant_from`, `positive` and `positive_from` of `[kinds]`, and the times"
    return f"No user has events before the cut and a positive one after it: check {meaning}."
