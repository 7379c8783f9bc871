"""The ordered criteria, one by one, on synthetic values of 400 users."""

import time
from dataclasses import dataclass, replace

import numpy as np
import pytest
from numpy.typing import NDArray

from jobs.engine.judging import gate, intervals
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


def test_a_known_improvement_is_promoted() -> None:
    decision = decide(case())

    assert (decision.verdict, decision.recipe, decision.publishes) == ("promote", "new", True)
    assert decision.reason.startswith("Promoted: new (ndcg@10 ")


def test_the_same_recipe_twice_is_a_refresh() -> None:
    evidence = replace(case(BASE), challenger="old")

    decision = decide(evidence)

    assert (decision.verdict, decision.recipe) == ("refresh", "old")
    assert "the challenger is the live recipe old (ndcg@10 " in decision.reason


def test_a_model_of_shuffled_ratings_is_never_promoted() -> None:
    for seed in range(20):
        decision = decide(case(values(0.1, seed)))

        assert (decision.verdict, decision.recipe) == ("refresh", "old")


def test_at_most_five_of_a_hundred_null_trials_promote() -> None:
    promoted = 0
    for seed in range(100):
        champion, challenger = values(0.5, 2 * seed + 100), values(0.5, 2 * seed + 101)
        promoted += decide(case(challenger, champion, champion - 0.3)).verdict == "promote"

    assert promoted <= 5


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


def test_rolling_windows_without_times_are_marked() -> None:
    decision = decide(replace(case(), cut="file_order"))

    assert all(detail.endswith(", cut by file order)") for _, detail in rolling_criteria(decision))


def test_baselines_are_compared_and_never_decide() -> None:
    evidence = case()
    results = {**evidence.results, "ease": Result(BETTER + 0.1)}
    decision = decide(replace(evidence, results=results, baselines=("ease",)))

    assert decision.verdict == "promote"
    [ease] = [x for x in decision.comparisons if x.role == "baseline"]
    assert ease.lead is not None
    assert ease.lead.mean == pytest.approx(-0.1)


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


def test_a_lead_whose_interval_contains_zero_does_not_win() -> None:
    noisy = BASE + np.random.default_rng(3).normal(0.005, 0.3, N)

    decision = decide(case(noisy))

    assert decision.verdict == "refresh"
    assert "new failed a criterion: Beats the champion," in decision.reason


def test_beating_the_champion_but_not_popularity_is_no_promotion() -> None:
    decision = decide(case(popular=BETTER + 0.01))

    assert decision.verdict == "refresh"
    assert decision.reason.startswith("Please check: the live recipe old")
    assert not {x.criterion: x.passed for x in decision.criteria}["Beats popularity"]


def test_a_challenger_that_is_a_popularity_need_not_beat_itself() -> None:
    evidence = replace(case(), popularities=("popular", "new"))

    assert decide(evidence).verdict == "promote"


def test_a_slice_that_loses_significantly_stops_a_promotion() -> None:
    few = np.arange(N) < 60
    challenger = np.where(few, BASE - 0.05, BASE + 0.1)
    evidence = case(challenger)
    evidence = replace(evidence, slices={**evidence.slices, "active_low": few})

    decision = decide(evidence)

    assert decision.verdict == "refresh"
    assert "No slice loses, active_low: -0.05" in decision.reason
    assert decide(evidence, Limits(slice_tolerance=0.06)).verdict == "promote"


def test_without_a_live_release_the_challenger_must_beat_popularity_significantly() -> None:
    wins, loses = decide(case(champion=None)), decide(case(POPULAR, champion=None))

    assert (wins.verdict, wins.recipe) == ("first", "new")
    assert (loses.verdict, loses.recipe) == ("first", "popular")
    assert "does not beat it significantly" in loses.reason


def test_the_best_popularity_is_the_first_release() -> None:
    evidence = case(POPULAR - 0.2, champion=None)
    results = {**evidence.results, "recent": Result(POPULAR + 0.05, personalised=False)}
    evidence = replace(evidence, results=results, popularities=("popular", "recent"))

    assert decide(evidence).recipe == "recent"


@pytest.mark.parametrize(
    ("champion", "verdict", "recipe"), [(None, "first", "popular"), (BASE, "refresh", "old")]
)
def test_too_few_users_decide_nothing(
    champion: NDArray[np.float64] | None, verdict: str, recipe: str
) -> None:
    evidence = with_result(case(champion=champion), "new", coverage=float("nan"))
    decision = decide(evidence, Limits(min_test_users=N + 1))

    assert (decision.verdict, decision.recipe) == (verdict, recipe)
    assert "not compared (400 warm test users, 401 needed)" in decision.reason


def test_a_champion_may_show_few_items() -> None:
    decision = decide(with_result(case(BASE), "old", coverage=float("nan")))

    assert decision.verdict == "refresh"


def test_no_test_users_are_no_reason_to_hold() -> None:
    empty = np.empty(0)
    evidence = case(empty, empty, empty)

    assert decide(evidence).verdict == "refresh"


@pytest.mark.parametrize(
    "changes",
    [
        {"values": np.full(N, np.nan)},
        {"n_not_finite": 1},
        {"n_empty": 1},
        {"coverage": 0.01},
        {"failure": "its fit failed"},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_a_challenger_with_an_invalid_result_is_not_released(changes: dict[str, object]) -> None:
    first = decide(with_result(case(champion=None), "new", **changes))
    later = decide(with_result(case(), "new", **changes))

    assert (first.verdict, first.recipe) == ("first", "popular")
    assert ", because the challenger new " in first.reason
    assert (later.verdict, later.recipe) == ("refresh", "old")
    assert "Valid result, new" in later.reason


def test_a_popularity_may_show_few_items() -> None:
    evidence = with_result(case(POPULAR, champion=None), "popular", coverage=0.001)

    assert decide(evidence).recipe == "popular"


@pytest.mark.parametrize(
    "evidence",
    [
        replace(case(), n_interactions=0),
        replace(case(), quarantine_share=0.06),
        replace(case(), quarantine_share=float("nan")),
        with_result(case(), "old", values=np.full(N, np.nan)),
        with_result(case(), "old", failure="its fit failed"),
        with_result(case(), "popular", values=np.full(N, np.nan)),
        replace(case(), results={}),
    ],
    ids=["no rows", "quarantine", "no share", "NaN", "failure", "no popularity", "no result"],
)
def test_invalid_data_or_results_are_held(evidence: Evidence) -> None:
    decision = decide(evidence)

    assert (decision.verdict, decision.recipe, decision.publishes) == ("hold", None, False)
    assert decision.reason.startswith("Held: ")


def test_nothing_is_published_while_publishing_is_paused() -> None:
    decision = decide(replace(case(), publishing_paused_by="ada"))

    assert (decision.verdict, decision.recipe, decision.publishes) == ("promote", "new", False)
    assert "Nothing is published: ada paused publishing." in decision.reason


def test_a_split_without_times_is_marked() -> None:
    assert "split by file order" in decide(replace(case(), cut="file_order")).reason


def test_comparisons_state_the_lead_over_each_other_recipe() -> None:
    by_recipe = {x.recipe: x for x in decide(case()).comparisons}

    assert by_recipe["new"].lead is None
    assert by_recipe["old"].role == "champion"
    assert by_recipe["popular"].lead is not None
    assert by_recipe["popular"].lead.mean == pytest.approx((BETTER - POPULAR).mean())


def test_the_bootstrap_is_seeded_and_covers_the_mean() -> None:
    differences = np.random.default_rng(0).normal(0.1, 1, 500)
    error = differences.std() / np.sqrt(500)

    interval = intervals.paired(differences, seed=7)

    assert interval == intervals.paired(differences, seed=7)
    assert interval != intervals.paired(differences, seed=8)
    assert interval.low == pytest.approx(differences.mean() - 1.96 * error, abs=0.02)
    assert interval.high == pytest.approx(differences.mean() + 1.96 * error, abs=0.02)


def test_the_bootstrap_of_many_users_takes_seconds() -> None:
    many = np.random.default_rng(0).normal(0.01, 0.3, 200_000)
    start = time.process_time()  # of this process only: the machine may be busy

    intervals.paired(many)

    assert time.process_time() - start < 5


def test_the_bootstrap_needs_a_user() -> None:
    with pytest.raises(ValueError, match="no user"):
        intervals.paired(np.empty(0))
