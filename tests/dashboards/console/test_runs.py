from datetime import UTC, datetime, timedelta

import pytest

from airflow_api.answers import Task
from dashboards.console.runs import share_done

NOW = datetime(2026, 5, 22, 12, 0, tzinfo=UTC)


def task(task_id: str, state: str | None, seconds_ago: float = 0) -> Task:
    started = NOW - timedelta(seconds=seconds_ago) if state else None
    return Task(task_id, task_id, state, 1, started, NOW if state == "success" else None)


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
def test_progress_is_weighted_by_the_usual_durations_if_all_are_known(
    tasks: list[Task], usual: dict[str, float], share: float
) -> None:
    assert share_done(tasks, usual, NOW) == pytest.approx(share)
