"""The division of a search's time and trials."""

import math

import pytest

from jobs.engine.searching import plan
from jobs.engine.searching.plan import Clock, Plan


def test_preparation_and_earlier_attempts_are_part_of_the_budget() -> None:
    times = iter([130.0, 150.0, 150.0])  # at creation, then at each call

    clock = Clock(1000, spent=200, started=100, now=lambda: next(times))

    assert clock.for_trials == 970  # 30 s of preparation
    assert clock.seconds == 250
    assert clock.left == 750


def test_a_second_space_gets_a_fifth_of_trials_and_time() -> None:
    alone, first = Plan(1000, 40), Plan(1000, 40, has_second=True)

    assert (alone.max_trials(second=False), first.max_trials(second=False)) == (40, 32)
    assert first.max_trials(second=True) == 40
    needed = [first.seconds_needed(10, 10, second=second) for second in (False, True)]
    assert needed[0] - needed[1] == pytest.approx(200)


def test_without_a_number_trials_have_no_limit() -> None:
    assert Plan(1000).max_trials(second=False) == math.inf


def test_finalists_get_time_for_their_seeds_but_at_most_a_share_of_all() -> None:
    assert Plan(1000).seconds_for_finalists(10) == 60  # three finalists, two more seeds each
    assert Plan(1000, has_second=True).seconds_for_finalists(10) == 100  # one has three models
    assert Plan(1000).seconds_for_finalists(100) == 350


@pytest.mark.parametrize(
    ("durations", "expected"), [([], 0), ([30], 15), ([30, 8], 8), ([30, 8, 10], 10)]
)
def test_the_typical_duration_is_the_median_and_half_of_a_single_one(
    durations: list[float], expected: float
) -> None:
    assert plan.typical_seconds(durations) == expected


@pytest.mark.parametrize(
    ("durations", "expected"), [([], 30), ([40], 0), ([40, 2], 2), ([40, 2, 3], 2)]
)
def test_only_the_first_trial_of_the_second_space_is_expected_to_fit_models(
    durations: list[float], expected: float
) -> None:
    assert plan.second_seconds(durations, typical=10) == expected
