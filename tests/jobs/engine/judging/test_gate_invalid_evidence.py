"""What the gate decides on evidence that is too small or invalid."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from jobs.engine.judging.verdicts import Evidence
from tests.support.jobs.gate_evidence import BASE, POPULAR, Limits, N, case, decide, with_result


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
    assert "set a smaller `windows.gate_train_share`" in decision.reason


def test_data_without_times_say_how_they_were_split_and_how_many_users_were_compared() -> None:
    evidence = replace(case(), cut="file_order")

    compared, too_few = (decide(evidence, Limits(min_test_users=n)) for n in (100, N + 1))

    assert "were split in file order (`windows.without_time`): 400 users" in compared.reason
    assert '`windows.without_time = "random"`' in too_few.reason


def test_a_champion_may_show_few_items() -> None:
    decision = decide(with_result(case(BASE), "old", coverage=float("nan")))

    assert decision.verdict == "refresh"


def test_no_test_users_are_no_reason_to_hold() -> None:
    empty = np.empty(0)
    evidence = with_result(case(empty, empty, empty), "old", coverage=float("nan"))

    decision = decide(evidence)

    assert decision.verdict == "refresh"
    assert not [x for x in decision.criteria if "nan" in x.detail.split()]
    assert "No user has events before the cut and a positive one after it" in decision.reason


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
