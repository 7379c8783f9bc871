from datetime import timedelta

import pytest

from dashboards.console import retrain_rows
from dashboards.console.retrain_parts import trial_charts
from tests.support.dashboards import shop
from tests.support.dashboards.trials import trial


def test_the_best_so_far_never_falls_and_excludes_finalists() -> None:
    trials = [
        trial(0, 0.25),
        trial(1, 0.24),
        trial(2, 0.3, "pruned"),
        trial(3, None, "failed"),
        trial(4, 0.26),
        trial(5, 0.27, stage="final"),
    ]

    assert retrain_rows.best_so_far(trials) == [(0, 0.25), (1, 0.25), (4, 0.26)]
    assert retrain_rows.best_so_far([]) == []
    assert retrain_rows.best(trials) == trials[5]
    assert retrain_rows.best(trials[:3]) == trials[0]
    assert retrain_rows.best([]) is None


def test_a_pruned_trial_is_corrected_for_the_windows_that_it_did_not_see() -> None:
    trials = [
        trial(0, 0.20, by_window={"a": 0.30, "b": 0.10}),
        trial(1, 0.22, by_window={"a": 0.32, "b": 0.12}),
        trial(2, 0.29, "pruned", by_window={"a": 0.29}),
        trial(3, None, "failed"),
    ]

    assert retrain_rows.comparable(trials) == pytest.approx({0: 0.20, 1: 0.22, 2: 0.19})
    assert retrain_rows.comparable(trials[2:]) == {2: 0.29}
    assert list(trial_charts.by_trial(trials)["value"]) == pytest.approx([0.20, 0.22, 0.19])


def test_retrains_are_newest_first() -> None:
    times = [shop.NOW - timedelta(hours=hours) for hours in (2, 1)]
    rows = [
        {"retrain_id": f"r/{n}", "nominated_at": at, "reason": ""} for n, at in enumerate(times)
    ]

    newest, oldest = retrain_rows.retrains(rows, [], [])

    assert (newest.retrain_id, oldest.retrain_id) == ("r/1", "r/0")
    assert newest.run_id == "1"
    assert newest.search is None
