from datetime import UTC, datetime, timedelta

import pytest

from airflow_api.answers import Task
from dashboards.console import evidence, verdict
from dashboards.console.runs import share_done
from serving.schemas import Comparison
from tests.support.dashboards import shop

NOW = datetime(2026, 5, 22, 12, 0, tzinfo=UTC)


def task(task_id: str, state: str | None, seconds_ago: float = 0) -> Task:
    started = NOW - timedelta(seconds=seconds_ago) if state else None
    return Task(task_id, task_id, state, 1, started, NOW if state == "success" else None)


def against(recipe: str, difference: float, half: float = 0.004) -> Comparison:
    return Comparison(
        recipe=recipe,
        role="popularity",
        slice="warm",
        metric="ndcg@10",
        value=0.2,
        n_users=50,
        difference=difference,
        low=difference - half,
        high=difference + half,
    )


def test_the_best_popularity_is_the_one_to_beat() -> None:
    found = evidence.comparisons(shop.verdicts()[0])

    ours, popular = evidence.challenger(found), evidence.best_popularity(found)

    assert ours
    assert popular
    assert (ours.recipe, popular.recipe) == ("als-7f3a", "popular-people")
    assert popular.interval == (0.0190, 0.0093, 0.0287)


def test_only_the_headline_is_compared() -> None:
    verdict = shop.verdicts()[0]
    beside = [
        comparison.model_copy(update=other)
        for comparison in verdict.comparisons
        for other in ({"metric": "recall@10"}, {"slice": "cold"})
    ]
    update = {"comparisons": (*beside, *verdict.comparisons)}

    assert evidence.comparisons(verdict.model_copy(update=update)) == list(verdict.comparisons)


def test_the_trend_runs_from_old_to_new() -> None:
    assert evidence.trend(shop.verdicts()) == [0.2655, 0.2690]


def test_what_lies_far_off_is_told_and_not_drawn() -> None:
    rows, far = verdict.leads([against("a", 0.003), against("b", -0.004), against("c", 0.25)])

    assert list(rows["recipe"]) == ["a", "b"]
    assert [each.recipe for each in far] == ["c"]


def test_a_lead_is_better_worse_or_unclear() -> None:
    rows, _ = verdict.leads([against("a", 0.01), against("b", -0.01), against("c", 0.001)])

    assert list(rows["sure"]) == ["better", "worse", "unclear"]


def test_when_all_lie_far_off_all_are_drawn() -> None:
    rows, far = verdict.leads([against("a", 0.25), against("b", 0.3)])

    assert len(rows) == 2
    assert not far


def test_without_an_interval_nothing_is_drawn() -> None:
    uncompared = against("a", 0).model_copy(update={"difference": None})
    rows, far = verdict.leads([uncompared])

    assert rows.empty
    assert not far


@pytest.mark.parametrize(
    ("tasks", "usual", "share"),
    [
        ([], {}, 0.0),
        ([task("fit", None)], {}, 0.0),
        ([task("fit", "success", 9), task("publish", None)], {}, 0.5),
        ([task("fit", "success", 9), task("publish", None)], {"fit": 30, "publish": 10}, 0.75),
        ([task("fit", "running", 15), task("publish", None)], {"fit": 30, "publish": 30}, 0.25),
        ([task("fit", "running", 900)], {"fit": 30}, 0.95),
        ([task("fit", "success", 9), task("publish", "skipped")], {"fit": 30}, 1.0),
    ],
)
def test_progress_is_told_in_time_where_it_is_known(
    tasks: list[Task], usual: dict[str, float], share: float
) -> None:
    assert share_done(tasks, usual, NOW) == pytest.approx(share)
