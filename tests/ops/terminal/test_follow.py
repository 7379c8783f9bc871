from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from airflow_api.answers import Run, Task
from airflow_api.client import Airflow, AirflowError, AirflowUnavailableError
from ops.errors import NotHealthyError, RunFailedError
from ops.terminal import follow

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
RUN = Run("shop__ingest", "r1", "manual", "running", NOON, NOON, None)


def task(name: str, state: str | None, seconds: int = 3) -> Task:
    begun = None if state in {None, "upstream_failed"} else NOON
    ended = begun and begun + timedelta(seconds=seconds)
    return Task(name, name.title(), state, 1, begun, ended)


class Recorded(Airflow):
    """An Airflow that answers with the given states of a run, one after the other."""

    def __init__(self, *states: tuple[str, list[Task]], logs: Mapping[str, list[str]]) -> None:
        super().__init__("http://127.0.0.1:1")
        self.states = list(states)
        self.logs = logs
        self.late = 0
        self.queued: list[Run] = []
        self.triggered = 0

    def run(self, run: Run) -> Run:
        if self.late:
            self.late -= 1
            raise AirflowUnavailableError("late")
        self.now = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        return replace(run, state=self.now[0], ended_at=NOON + timedelta(seconds=9))

    def tasks(self, run: Run) -> list[Task]:  # noqa: ARG002
        return self.states[0][1] if not hasattr(self, "now") else self.now[1]

    def log(self, run: Run, task: Task) -> list[str]:  # noqa: ARG002
        return self.logs.get(task.task_id, [])

    def runs(self, dag_id: str, *, limit: int = 10) -> list[Run]:  # noqa: ARG002
        return self.queued

    def trigger(
        self,
        dag_id: str,  # noqa: ARG002
        conf: Mapping[str, object] | None = None,  # noqa: ARG002
        *,
        run_id: str | None = None,  # noqa: ARG002
    ) -> Run:
        self.triggered += 1
        self.queued = [replace(RUN, queued_at=datetime.now(UTC))]
        raise AirflowUnavailableError("the answer came too late")

    def dags(self) -> dict[str, bool]:
        return {"shop__ingest": True}


@pytest.fixture(autouse=True)
def short_poll_interval(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follow, "POLL_SECONDS", 0.001)


def test_each_task_is_shown_once_with_its_duration(capsys: pytest.CaptureFixture[str]) -> None:
    airflow = Recorded(
        ("running", [task("land", "running"), task("refine", None)]),
        ("running", [task("land", "success", 65), task("refine", "up_for_retry")]),
        ("success", [task("land", "success", 65), task("refine", "skipped")]),
        logs={},
    )
    airflow.late = 1
    assert follow.follow(airflow, RUN).seconds == 9
    assert capsys.readouterr().out == "  ✓ Land 1 min 05 s\n  - Refine 3.0 s\n"


def test_trials_are_shown_while_the_search_runs_and_once_each(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follow, "LOG_SECONDS", 0)
    first = (
        "INFO trial number=0 stage=explore result=0.2601 best=0.2601 recipe=[red] seconds=6 "
        "seconds_left=54"
    )
    logs = {"search": ["INFO spark_ready seconds=7", first]}
    airflow = Recorded(
        ("running", [task("search", "running")]),
        ("running", [task("search", "running")]),
        ("success", [task("search", "success", 65)]),
        logs=logs,
    )
    follow.follow(airflow, RUN)
    logs["search"].append("INFO challenger recipe=als_a source=search value=0.2601")
    trial = "    trial 0 (explore): 0.2601, best 0.2601; [red]; 6 s, 54 s left\n"
    assert capsys.readouterr().out == f"{trial}  ✓ Search 1 min 05 s\n"
    follow.follow(airflow, RUN)
    assert "    challenger: als_a (from the search)\n" in capsys.readouterr().out


def test_the_verdict_the_question_and_the_answer_are_shown(
    capsys: pytest.CaptureFixture[str],
) -> None:
    logs = {
        "decide": ["yes Sound? 0.1 %", 'verdict verdict=promote reason="better by +0.01."'],
        "approve": ["Waiting for response", 'rejected operator="maya"'],
    }
    decided = task("decide", "success")
    airflow = Recorded(
        ("running", [decided, task("approve", "awaiting_input")]),
        ("running", [decided, task("approve", "awaiting_input")]),
        ("success", [decided, task("approve", "success"), task("fit", "skipped")]),
        logs=logs,
    )
    follow.follow(airflow, RUN)
    assert capsys.readouterr().out.splitlines() == [
        "  ✓ Decide 3.0 s",
        "    promote: better by +0.01.",
        "  ? Approve: http://127.0.0.1:1/dags/shop__ingest/runs/r1/tasks/approve/required_actions",
        "  ✓ Approve 3.0 s",
        "    rejected by maya",
        "  - Fit 3.0 s",
    ]


def test_a_missing_log_is_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    def not_found(*_: object) -> list[str]:
        raise AirflowError("not found")

    airflow = Recorded(("success", [task("search", "success")]), logs={})
    monkeypatch.setattr(airflow, "log", not_found)
    assert follow.follow(airflow, RUN).state == "success"


def test_a_failure_names_the_task_its_last_lines_and_the_next_step() -> None:
    tasks = [task("land", "failed"), task("refine", "upstream_failed")]
    airflow = Recorded(("failed", tasks), logs={"land": ["first", "the cause"]})
    with pytest.raises(RunFailedError, match=r"(?s)task land failed.*the cause.*clear the task"):
        follow.follow(airflow, RUN)


def test_a_run_that_failed_without_a_failed_task_says_so() -> None:
    airflow = Recorded(("failed", []), logs={})
    assert "no task failed" in follow.failure(airflow, RUN)


def test_a_run_is_started_once_even_if_the_answer_is_late() -> None:
    airflow = Recorded(("running", []), logs={})
    assert follow.start(airflow, "shop__ingest").run_id == "r1"
    assert airflow.triggered == 1


def test_an_airflow_that_stays_unavailable_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follow, "PATIENCE_SECONDS", 0.01)
    airflow = Recorded(("running", []), logs={})
    airflow.late = 10_000
    with pytest.raises(AirflowUnavailableError):
        follow.follow(airflow, RUN)


def test_only_runs_queued_since_then_count() -> None:
    airflow = Recorded(("running", []), logs={})
    airflow.queued = [RUN]
    later = NOON + timedelta(seconds=1)
    run = follow.started_since(airflow, "shop__retrain", NOON, timeout=1, still=lambda: True)
    assert run == RUN
    no_run = follow.started_since(airflow, "shop__retrain", later, timeout=1, still=lambda: False)
    assert no_run is None


def test_the_oldest_unfinished_run_is_the_current_one() -> None:
    airflow = Recorded(("running", []), logs={})
    airflow.queued = [replace(RUN, run_id="r2"), RUN, replace(RUN, state="success")]
    assert follow.current(airflow, "shop__ingest") == RUN
    airflow.queued = []
    assert follow.current(airflow, "shop__ingest") is None


def test_a_dag_that_airflow_does_not_list_is_named() -> None:
    airflow = Recorded(("running", []), logs={})
    follow.wait_for_dags(airflow, {"shop__ingest"})
    with pytest.raises(NotHealthyError, match="does not list other__ingest"):
        follow.wait_for_dags(airflow, {"other__ingest"}, timeout=0.01)


def test_the_start_of_spark_is_summed_over_the_tasks() -> None:
    logs = {"land": ["INFO spark_ready seconds=7.5"], "refine": ["x ready seconds=1"]}
    airflow = Recorded(("success", [task("land", "success"), task("refine", "success")]), logs=logs)
    assert follow.spark_start_seconds(airflow, RUN) == 7.5
    assert follow.spark_start_seconds(Recorded(("success", []), logs={}), RUN) is None
