"""The gate's criterion on rolling windows, on synthetic values of 400 users."""

from dataclasses import replace

import numpy as np
import pytest

from jobs.engine.judging.verdicts import Decision
from tests.support.jobs.gate_evidence import BASE, N, case, decide


def rolling(new: float, old: float = 0.5, popular: float = 0.4) -> dict[str, dict[str, float]]:
    """Return two rolling windows whose mean is the given value."""
    means = {"new": new, "old": old, "popular": popular}
    return {name: {"rolling_40": m - 0.2, "rolling_50": m + 0.2} for name, m in means.items()}


def rolling_criteria(decision: Decision) -> list[tuple[bool | None, str]]:
    name = "Rolling windows agree"
    return [(x.passed, x.detail) for x in decision.criteria if x.criterion == name]


def test_a_promotion_needs_the_mean_of_the_rolling_windows() -> None:
    agree = decide(replace(case(), rolling=rolling(0.51)))
    differ = decide(replace(case(), rolling=rolling(0.49)))

    assert (agree.verdict, differ.verdict) == ("promote", "refresh")
    assert [passed for passed, _ in rolling_criteria(agree)] == [True, True]
    detail = "-0.0100 over old (rolling_40 -0.0100, rolling_50 -0.0100)"
    assert rolling_criteria(differ)[0] == (False, detail)
    assert f"new failed a criterion: Rolling windows agree, {detail}" in differ.reason


def test_the_rolling_windows_must_agree_against_each_popularity() -> None:
    decision = decide(replace(case(), rolling=rolling(0.51, popular=0.52)))

    assert decision.verdict == "refresh"
    assert [passed for passed, _ in rolling_criteria(decision)] == [True, False]


@pytest.mark.parametrize(
    "scores",
    [{}, {"new": {"rolling_40": 0.9}}, {**rolling(0.9), "old": {"rolling_40": 0.1}}],
    ids=["no recipe", "challenger only", "one window missing"],
)
def test_rolling_windows_that_were_not_all_scored_stop_a_promotion(
    scores: dict[str, dict[str, float]],
) -> None:
    decision = decide(replace(case(), rolling=scores))

    assert decision.verdict == "refresh"
    assert "scores are missing for old" in decision.reason


def test_rolling_windows_are_not_needed_without_a_win_on_the_gates_window() -> None:
    decision = decide(replace(case(BASE - 0.01), rolling={}))

    assert {passed for passed, _ in rolling_criteria(decision)} == {None}
    assert "new failed a criterion: Beats the champion," in decision.reason


def test_no_line_denies_a_win_that_another_line_reports() -> None:
    decision = decide(replace(case(BASE - 0.01), rolling={}))  # it beats the popularity recipe

    beaten = [x.detail for x in decision.criteria if x.criterion == "Beats popularity"]
    assert beaten[0].endswith("over popular")
    assert [x.passed for x in decision.criteria if x.criterion == "Beats popularity"] == [True]
    assert {detail.partition(": ")[2] for _, detail in rolling_criteria(decision)} == {
        "no win over old on the gate's window"
    }


def test_the_live_recipe_is_not_compared_with_itself() -> None:
    decision = decide(replace(case(), challenger="old", rolling={}))

    lines = {x.criterion: (x.passed, x.detail) for x in decision.criteria}
    assert decision.verdict == "refresh"
    assert lines["Beats the champion"] == (None, "the challenger is old itself")
    assert lines["Beats popularity"][0] is True
    assert not {"No slice loses", "Rolling windows agree"} & lines.keys()


def test_rolling_windows_without_times_are_marked() -> None:
    decision = decide(replace(case(), cut="file_order"))

    details = [detail for _, detail in rolling_criteria(decision)]
    assert all(detail.endswith(", split in file order)") for detail in details)


def nights(*, before_too: bool, n: int = 100) -> tuple[int, float]:
    """Return how many of `n` equally good challengers were promoted on one and the same window.

    Also returns by how much the live recipe's mean has risen. Each challenger has random noise on
    the window and independent noise on the rolling windows, which count only if `before_too`.
    """
    rng = np.random.default_rng(5)
    live, live_before, promoted = BASE, 0.0, 0
    for _ in range(n):
        challenger = BASE + rng.normal(0, 0.02) + rng.normal(0, 0.1, N)
        before = rng.normal(0, 0.02)
        scores = {"new": before, "old": live_before} if before_too else {"new": 1.0, "old": 0.0}
        means = {name: {"rolling_40": mean} for name, mean in (scores | {"popular": -1}).items()}
        evidence = replace(case(challenger, live), rolling=means)
        if decide(evidence).verdict == "promote":
            live, live_before, promoted = challenger, before, promoted + 1
    return promoted, float((live - BASE).mean())


def test_testing_on_the_same_window_every_night_does_not_add_up() -> None:
    promoted, rise = nights(before_too=True)
    promoted_alone, rise_alone = nights(before_too=False)

    assert promoted <= min(promoted_alone, 5)
    assert rise < rise_alone / 2
