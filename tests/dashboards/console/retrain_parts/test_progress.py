from datetime import UTC, datetime, timedelta

import pytest

from airflow_api.answers import Run, Task
from dashboards.console.retrain_parts import progress
from dashboards.console.sources import Usual

NOW = datetime(2026, 5, 22, 12, 0, tzinfo=UTC)
USUAL = Usual({"fit": 60.0}, 2)


def run(seconds: float) -> Run:
    start = NOW - timedelta(seconds=seconds)
    return Run("a__retrain", "manual__1", "manual", "running", start, start, None)


def task(task_id: str, seconds: float) -> Task:
    return Task(task_id, task_id, "success", 1, NOW - timedelta(seconds=seconds), NOW)


@pytest.mark.parametrize(
    ("fit", "approve", "is_slow"), [(61, 0, False), (85, 0, False), (91, 0, True), (61, 500, False)]
)
def test_only_the_time_of_tasks_makes_a_run_slow(fit: int, approve: int, *, is_slow: bool) -> None:
    tasks = [task("fit", fit), task("approve", approve)]

    text = progress.progress_text(run(fit + approve), tasks, USUAL, NOW)

    assert text.endswith(" · slower than usual") == is_slow


def test_a_short_task_is_not_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONSOLE_AIRFLOW_URL", "https://airflow.test")
    row = progress.row(run(9), task("fit", 9), {"fit": 3.0}, NOW)

    assert "slower" not in row["Status"]
