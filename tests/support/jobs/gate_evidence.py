"""Evidence for the gate: synthetic values of 400 users."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from jobs.engine.judging import gate
from jobs.engine.judging.verdicts import Decision, Evidence, Result

N = 400


@dataclass(frozen=True)
class Limits:
    max_quarantine_share: float = 0.05
    min_test_users: int = 100
    min_coverage: float = 0.02
    slice_tolerance: float = 0.01


def values(mean: float, seed: int, n: int = N) -> NDArray[np.float64]:
    """Return one NDCG per user, spread as widely as measured values are."""
    return np.clip(np.random.default_rng(seed).normal(mean, 0.25, n), 0, 1)


BASE = values(0.5, 0)
POPULAR = BASE - 0.1
BETTER = BASE + np.random.default_rng(1).normal(0.05, 0.05, N)


def case(
    challenger: NDArray[np.float64] = BETTER,
    champion: NDArray[np.float64] | None = BASE,
    popular: NDArray[np.float64] = POPULAR,
) -> Evidence:
    results = {"new": Result(challenger), "popular": Result(popular, personalised=False)}
    if champion is not None:
        results["old"] = Result(champion)
    return Evidence(
        n_interactions=1000,
        quarantine_share=0.01,
        results=results,
        slices={"warm": np.ones(len(challenger), bool)},
        challenger="new",
        champion=None if champion is None else "old",
        popularities=("popular",),
        rolling={
            name: {"rolling_40": r.values.mean()} for name, r in results.items() if len(popular)
        },
    )


def decide(evidence: Evidence, floors: Limits = Limits()) -> Decision:
    return gate.decide(evidence, floors)


def with_result(evidence: Evidence, name: str, **changes: object) -> Evidence:
    changed = replace(evidence.results[name], **changes)  # type: ignore[arg-type] # fields of Result
    return replace(evidence, results={**evidence.results, name: changed})
