"""The ordered rule, line by line, on made-up values of 400 users."""

import time
from dataclasses import dataclass, replace

import numpy as np
import pytest
from numpy.typing import NDArray

from jobs.engine.judging import gate, intervals
from jobs.engine.judging.verdicts import Decision, Evidence, Result

N = 400


@dataclass(frozen=True)
class Demands:
    max_quarantine_share: float = 0.05
    min_test_users: int = 100
    min_coverage: float = 0.02
    slice_tolerance: float = 0.01


def values(mean: float, seed: int, n: int = N) -> NDArray[np.float64]:
    """Return a user's worth of NDCG each: spread widely, as the real ones are."""
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


def decide(evidence: Evidence, floors: Demands = Demands()) -> Decision:
    return gate.decide(evidence, floors)


def with_result(evidence: Evidence, name: str, **changes: object) -> Evidence:
    changed = replace(evidence.results[name], **changes)  # type: ignore[arg-type] # fields of Result
    return replace(evidence, results={**evidence.results, name: changed})


def test_a_known_improvement_is_promoted() -> None:
    found = decide(case())

    assert (found.verdict, found.recipe, found.publishes) == ("promote", "new", True)
    assert found.reason.startswith("Promoted: new (ndcg@10 ")


def test_the_same_recipe_twice_is_a_refresh() -> None:
    evidence = replace(case(BASE), challenger="old")

    found = decide(evidence)

    assert (found.verdict, found.recipe) == ("refresh", "old")
    assert "the challenger is the live recipe old (ndcg@10 " in found.reason


def test_what_learned_from_shuffled_ratings_is_never_promoted() -> None:
    for seed in range(20):
        found = decide(case(values(0.1, seed)))

        assert (found.verdict, found.recipe) == ("refresh", "old")


def test_at_most_five_of_a_hundred_null_trials_promote() -> None:
    promoted = 0
    for seed in range(100):
        champion, challenger = values(0.5, 2 * seed + 100), values(0.5, 2 * seed + 101)
        promoted += decide(case(challenger, champion, champion - 0.3)).verdict == "promote"

    assert promoted <= 5


def rolling(new: float, old: float = 0.5, popular: float = 0.4) -> dict[str, dict[str, float]]:
    """Return two windows before, whose mean is the figure."""
    means = {"new": new, "old": old, "popular": popular}
    return {name: {"rolling_40": m - 0.2, "rolling_50": m + 0.2} for name, m in means.items()}


def lines_of(decision: Decision) -> list[tuple[bool | None, str]]:
    question = "Rolling windows agree?"
    return [(x.passed, x.detail) for x in decision.criteria if x.criterion == question]


def test_a_promotion_needs_the_mean_of_the_rolling_windows() -> None:
    agrees = decide(replace(case(), rolling=rolling(0.51)))
    differs = decide(replace(case(), rolling=rolling(0.49)))

    assert (agrees.verdict, differs.verdict) == ("promote", "refresh")
    assert [passed for passed, _ in lines_of(agrees)] == [True, True]
    why = "-0.0100 over old (rolling_40 -0.0100, rolling_50 -0.0100)"
    assert lines_of(differs)[0] == (False, why)
    assert f"new did not pass: Rolling windows agree? {why}" in differs.reason


def test_the_rolling_windows_must_agree_against_each_popularity() -> None:
    found = decide(replace(case(), rolling=rolling(0.51, popular=0.52)))

    assert found.verdict == "refresh"
    assert [passed for passed, _ in lines_of(found)] == [True, False]


@pytest.mark.parametrize(
    "seen",
    [{}, {"new": {"rolling_40": 0.9}}, {**rolling(0.9), "old": {"rolling_40": 0.1}}],
    ids=["nobody", "challenger alone", "one window less"],
)
def test_rolling_windows_that_were_not_all_scored_stop_a_promotion(
    seen: dict[str, dict[str, float]],
) -> None:
    found = decide(replace(case(), rolling=seen))

    assert found.verdict == "refresh"
    assert "not all were scored for old" in found.reason


def test_rolling_windows_are_not_needed_where_the_gates_own_says_no() -> None:
    found = decide(replace(case(BASE - 0.01), rolling={}))

    assert {passed for passed, _ in lines_of(found)} == {None}
    assert "new did not pass: Beats the champion?" in found.reason


def test_rolling_windows_without_times_are_marked() -> None:
    found = decide(replace(case(), cut="file_order"))

    assert all(detail.endswith(", cut by file order)") for _, detail in lines_of(found))


def test_baselines_are_compared_and_never_decide() -> None:
    evidence = case()
    results = {**evidence.results, "ease": Result(BETTER + 0.1)}
    found = decide(replace(evidence, results=results, baselines=("ease",)))

    assert found.verdict == "promote"
    [ease] = [one for one in found.comparisons if one.role == "baseline"]
    assert ease.lead is not None
    assert ease.lead.mean == pytest.approx(-0.1)


def nights(*, before_too: bool, n: int = 100) -> tuple[int, float]:
    """Let recipes challenge that are all as good as each other, always on the same window.

    Each has its luck there, and luck of its own on the windows before. Return how many were
    promoted, and by how much the live one's figure has risen.
    """
    rng = np.random.default_rng(5)
    live, live_before, promoted = BASE, 0.0, 0
    for _ in range(n):
        challenger = BASE + rng.normal(0, 0.02) + rng.normal(0, 0.1, N)
        before = rng.normal(0, 0.02)
        seen = {"new": before, "old": live_before} if before_too else {"new": 1.0, "old": 0.0}
        means = {name: {"rolling_40": mean} for name, mean in (seen | {"popular": -1}).items()}
        evidence = replace(case(challenger, live), rolling=means)
        if decide(evidence).verdict == "promote":
            live, live_before, promoted = challenger, before, promoted + 1
    return promoted, float((live - BASE).mean())


def test_the_same_window_night_after_night_does_not_add_up() -> None:
    promoted, risen = nights(before_too=True)
    fooled, risen_alone = nights(before_too=False)

    assert promoted <= min(fooled, 5)
    assert risen < risen_alone / 2


def test_a_lead_whose_interval_holds_nought_is_no_lead() -> None:
    noisy = BASE + np.random.default_rng(3).normal(0.005, 0.3, N)

    found = decide(case(noisy))

    assert found.verdict == "refresh"
    assert "new did not pass: Beats the champion?" in found.reason


def test_beating_the_champion_but_not_popularity_is_no_promotion() -> None:
    found = decide(case(popular=BETTER + 0.01))

    assert found.verdict == "refresh"
    assert found.reason.startswith("A person should look: the live recipe old")
    assert not {each.criterion: each.passed for each in found.criteria}["Beats the popularity?"]


def test_a_popularity_that_challenges_need_not_beat_itself() -> None:
    evidence = replace(case(), popularities=("popular", "new"))

    assert decide(evidence).verdict == "promote"


def test_a_slice_that_surely_loses_stops_a_promotion() -> None:
    few = np.arange(N) < 60
    challenger = np.where(few, BASE - 0.05, BASE + 0.1)
    evidence = case(challenger)
    evidence = replace(evidence, slices={**evidence.slices, "active_low": few})

    found = decide(evidence)

    assert found.verdict == "refresh"
    assert "No slice loses? active_low: -0.05" in found.reason
    assert decide(evidence, Demands(slice_tolerance=0.06)).verdict == "promote"


def test_without_a_live_release_the_challenger_must_surely_beat_popularity() -> None:
    wins, loses = decide(case(champion=None)), decide(case(POPULAR, champion=None))

    assert (wins.verdict, wins.recipe) == ("first", "new")
    assert (loses.verdict, loses.recipe) == ("first", "popular")
    assert "does not surely beat it" in loses.reason


def test_the_best_popularity_is_first() -> None:
    evidence = case(POPULAR - 0.2, champion=None)
    results = {**evidence.results, "recent": Result(POPULAR + 0.05, personalised=False)}
    evidence = replace(evidence, results=results, popularities=("popular", "recent"))

    assert decide(evidence).recipe == "recent"


@pytest.mark.parametrize(
    ("champion", "verdict", "recipe"), [(None, "first", "popular"), (BASE, "refresh", "old")]
)
def test_too_few_people_judge_nothing(
    champion: NDArray[np.float64] | None, verdict: str, recipe: str
) -> None:
    evidence = with_result(case(champion=champion), "new", coverage=float("nan"))
    found = decide(evidence, Demands(min_test_users=N + 1))

    assert (found.verdict, found.recipe) == (verdict, recipe)
    assert "not judged (400 warm users, 401 are needed)" in found.reason


def test_a_champion_may_show_few_items() -> None:
    found = decide(with_result(case(BASE), "old", coverage=float("nan")))

    assert found.verdict == "refresh"


def test_nobody_to_judge_is_no_hold() -> None:
    nobody = np.empty(0)
    evidence = case(nobody, nobody, nobody)

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
def test_an_unsound_challenger_drops_out(changes: dict[str, object]) -> None:
    first = decide(with_result(case(champion=None), "new", **changes))
    later = decide(with_result(case(), "new", **changes))

    assert (first.verdict, first.recipe) == ("first", "popular")
    assert ", as the challenger new " in first.reason
    assert (later.verdict, later.recipe) == ("refresh", "old")
    assert "Sound? new" in later.reason


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
def test_what_cannot_be_judged_is_held(evidence: Evidence) -> None:
    found = decide(evidence)

    assert (found.verdict, found.recipe, found.publishes) == ("hold", None, False)
    assert found.reason.startswith("Held: ")


def test_nothing_is_published_while_publishing_is_paused() -> None:
    found = decide(replace(case(), publishing_paused_by="ada"))

    assert (found.verdict, found.recipe, found.publishes) == ("promote", "new", False)
    assert "Nothing is published: ada paused publishing." in found.reason


def test_a_split_without_times_is_marked() -> None:
    assert "Judged on a split by file order" in decide(replace(case(), cut="file_order")).reason


def test_comparisons_state_the_lead_over_each_other_recipe() -> None:
    found = {one.recipe: one for one in decide(case()).comparisons}

    assert found["new"].lead is None
    assert found["old"].role == "champion"
    assert found["popular"].lead is not None
    assert found["popular"].lead.mean == pytest.approx((BETTER - POPULAR).mean())


def test_the_bootstrap_is_seeded_and_covers_the_mean() -> None:
    differences = np.random.default_rng(0).normal(0.1, 1, 500)
    error = differences.std() / np.sqrt(500)

    found = intervals.paired(differences, seed=7)

    assert found == intervals.paired(differences, seed=7)
    assert found != intervals.paired(differences, seed=8)
    assert found.low == pytest.approx(differences.mean() - 1.96 * error, abs=0.02)
    assert found.high == pytest.approx(differences.mean() + 1.96 * error, abs=0.02)


def test_the_bootstrap_of_many_people_takes_seconds() -> None:
    many = np.random.default_rng(0).normal(0.01, 0.3, 200_000)
    start = time.process_time()  # of this process alone: others may keep the machine busy

    intervals.paired(many)

    assert time.process_time() - start < 5


def test_the_bootstrap_needs_somebody() -> None:
    with pytest.raises(ValueError, match="no user"):
        intervals.paired(np.empty(0))
