from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from airflow_api.answers import Run, Task
from dashboards.console import runs
from dashboards.text import esc

NOW = datetime(2026, 5, 22, 12, 0, tzinfo=UTC)


def task(task_id: str, state: str | None, seconds_ago: float = 0) -> Task:
    started = NOW - timedelta(seconds=seconds_ago) if state else None
    return Task(task_id, task_id, state, 1, started, NOW if state == "success" else None)


@pytest.mark.parametrize(
    ("run_key", "name"),
    [
        ("shop__retrain/scheduled__2026-11-28T03:00:00+00:00", "Retrain of 28 Nov 03:00 UTC"),
        ("shop__ingest/asset_triggered__2026-11-28T13:12:44.3+02:00_8YVq/land",
         "Ingest of 28 Nov 11:12 UTC"),
        ("shop__retrain/r1/publish", "Retrain"),
    ],
)  # fmt: skip
def test_a_run_is_named_by_its_dag_and_time(
    monkeypatch: pytest.MonkeyPatch, run_key: str, name: str
) -> None:
    monkeypatch.setenv("CONSOLE_AIRFLOW_URL", "https://airflow.test")
    link = runs.link(run_key)

    assert link
    assert link.replace("\\", "").startswith(f"[{name}](https://airflow.test/dags/shop__")
    assert link.endswith(f' "{run_key}")')


def test_a_run_has_the_same_time_while_it_waits_and_later() -> None:
    run_id = "manual__2026-11-29T15:31:24.703389+00:00"
    waiting = Run("a__retrain", run_id, "manual", "queued", NOW, None, None)
    running = replace(waiting, state="running", started_at=NOW)

    assert runs.request_time(waiting) == runs.request_time(running) == "29 Nov 15:31"
    assert runs.request_time(replace(waiting, run_id="r1")) == "22 May 12:00"


@pytest.mark.parametrize("name", ["maya", "a/b", "x__y/](http://evil.example)/z", 'x__y/" a'])
def test_other_actors_are_no_links(name: str) -> None:
    assert runs.actor(name) == esc(name)


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
    assert runs.share_done(tasks, usual, NOW) == pytest.approx(share)


def test_tasks_that_a_stopped_run_skipped_are_not_done() -> None:
    tasks = [task("fit", "success", 9), task("publish", "skipped"), task("x", None)]

    assert runs.share_done(tasks, {}, NOW, is_stopped=True) == pytest.approx(1 / 3)
