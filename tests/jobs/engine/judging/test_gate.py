"""The ordered criteria, one by one, on synthetic values of 400 users."""

from dataclasses import replace

import numpy as np
import pytest

from jobs.engine.judging.verdicts import Result
from jobs.engine.recipes import ORDERS_OF_NEW_ITEMS
from tests.support.jobs.gate_evidence import BASE, BETTER, POPULAR, Limits, N, case, decide, values


def test_a_known_improvement_is_promoted() -> None:
    decision = decide(case())

    assert (decision.verdict, decision.recipe, decision.publishes) == ("promote", "new", True)
    assert decision.reason.startswith("Promotion: new (ndcg@10 ")


def test_the_same_recipe_twice_is_a_refresh() -> None:
    evidence = replace(case(BASE), challenger="old")

    decision = decide(evidence)

    assert (decision.verdict, decision.recipe) == ("refresh", "old")
    assert "the challenger is the live recipe old (ndcg@10 " in decision.reason


def test_the_result_of_a_challenger_that_is_a_popularity_recipe_is_listed_once() -> None:
    evidence = replace(case(), challenger="popular")

    decision = decide(evidence)

    details = [x.detail for x in decision.criteria if x.criterion == "Valid result"]
    assert len(details) == len(set(details)) == 2


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


def test_baselines_are_compared_and_never_decide() -> None:
    evidence = case()
    results = {**evidence.results, "ease": Result(BETTER + 0.1)}
    decision = decide(replace(evidence, results=results, baselines=("ease",)))

    assert decision.verdict == "promote"
    [ease] = [x for x in decision.comparisons if x.role == "baseline"]
    assert ease.lead is not None
    assert ease.lead.mean == pytest.approx(-0.1)


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


def test_nothing_is_published_while_publishing_is_paused() -> None:
    decision = decide(replace(case(), publishing_paused_by="ada"))

    assert (decision.verdict, decision.recipe, decision.publishes) == ("promote", "new", False)
    assert "Nothing is published: ada paused publishing." in decision.reason


def test_a_split_without_times_is_marked() -> None:
    assert "split in file order" in decide(replace(case(), cut="file_order")).reason


def test_comparisons_state_the_lead_over_each_other_recipe() -> None:
    by_recipe = {x.recipe: x for x in decide(case()).comparisons}

    assert by_recipe["new"].lead is None
    assert by_recipe["old"].role == "champion"
    assert by_recipe["popular"].lead is not None
    assert by_recipe["popular"].lead.mean == pytest.approx((BETTER - POPULAR).mean())


@pytest.mark.parametrize(
    ("newest", "popular", "n", "wins"),
    [(0.1, 0.2, N, True), (0.4, 0.2, N, False), (0.1, 0.4, N, False), (0.1, 0.2, 99, False)],
)
def test_new_items_need_a_lead_over_both_orders_and_enough_users(
    newest: float, popular: float, n: int, *, wins: bool
) -> None:
    content, others = values(0.4, 5, n), (values(newest, 6, n), values(popular, 7, n))
    names = (order.name for order in ORDERS_OF_NEW_ITEMS)
    new_items = dict(zip(names, others, strict=True)) | {"new": content}

    decision = decide(replace(case(), new_items=new_items))

    assert (decision.verdict, decision.recipe) == ("promote", "new")
    assert decision.new_items is wins
    noted = [x.passed for x in decision.criteria if x.criterion == "New items win"]
    assert all(noted) is wins
    assert noted


def test_without_factors_nothing_is_said_of_new_items() -> None:
    decision = decide(case())

    assert not decision.new_items
    assert "New items win" not in {x.criterion for x in decision.criteria}
