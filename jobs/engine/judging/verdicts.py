"""What the gate looks at, and what it says: values, no rule."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from jobs.engine.judging.intervals import Interval
from warehouse.tables.vocabulary import Outcome, Role


class Floors(Protocol):
    """What the manifest demands of a run."""

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
    """How one recipe did. `values` holds the headline metric of each judged user."""

    values: NDArray[np.float64]
    coverage: float = 1.0
    personalised: bool = True
    n_not_finite: int = 0
    n_empty: int = 0
    failure: str | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that the gate looks at. Arrays of `slices` and `Result.values` have one user order.

    `rolling` holds the headline metric by recipe and rolling window; nothing where they were not
    looked at. Baselines are shown and never decide.
    """

    n_interactions: int
    quarantine_share: float
    results: Mapping[str, Result]
    slices: Mapping[str, NDArray[np.bool_]]
    challenger: str
    champion: str | None
    popularities: tuple[str, ...]
    baselines: tuple[str, ...] = ()
    rolling: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
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
    """A recipe's headline figure, and the challenger's lead over it."""

    recipe: str
    role: Role
    value: float
    n_users: int
    lead: Interval | None


@dataclass(frozen=True, slots=True)
class Decision:
    """What is released, and why. `recipe` is None for `hold`."""

    verdict: Outcome
    recipe: str | None
    reason: str
    publishes: bool
    criteria: tuple[Criterion, ...]
    comparisons: tuple[Comparison, ...]
