from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk import DAG, BaseOperator
from airflow.sdk.exceptions import (
    AirflowException,
    AirflowFailException,
    DownstreamTasksSkipped,
    TaskAwaitingInput,
)
from structlog.testing import capture_logs

from dags import approval
from dags.approval import ApproveOperator
from tests.dags.conftest import Run
from tests.support.dags.stand_ins import Jobs


class Instance:
    """The attributes of a task instance that the operator uses."""

    id = "a-uuid"
    map_index = -1

    def xcom_push(self, **_: object) -> None:
        """Discard the value."""


@pytest.fixture
def task(monkeypatch: pytest.MonkeyPatch) -> ApproveOperator:
    from airflow.sdk.bases.operator import ExecutorSafeguard

    monkeypatch.setattr(ExecutorSafeguard, "test_mode", True)
    with DAG("shop__retrain", schedule=None):
        approve = ApproveOperator(
            task_id="approve",
            subject="Publish?",
            arguments=["--dataset=shop"],
            response_timeout=timedelta(hours=24),
            execution_timeout=timedelta(minutes=15),
        )
        approve >> BaseOperator(task_id="fit") >> BaseOperator(task_id="publish")
    return approve


def context(task: ApproveOperator, *, ask: bool) -> dict[str, Any]:
    instance = Instance()
    return {
        "params": {approval.PARAM: ask},
        "task": task,
        "task_instance": instance,
        "ti": instance,
    }


def answer(option: str, operator: str | None) -> dict[str, Any]:
    by = None if operator is None else {"id": "1", "name": operator}
    return {
        "chosen_options": [option],
        "params_input": {},
        "responded_at": datetime.now(UTC),
        "responded_by_user": by,
        "timedout": operator is None,
    }


def events(lines: list[Any]) -> str:
    return "\n".join(str(line["event"]) for line in lines)


def test_without_a_request_for_approval_the_run_does_not_wait(run: Run, jobs: Jobs) -> None:
    states = run("playground__retrain")
    assert (states["approve"], states["publish"]) == ("success", "success")
    assert "summarize" not in [call.job for call in jobs.calls()]


def test_the_form_shows_the_summary_unrendered(
    task: ApproveOperator, jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    (jobs.folder / "jobs" / "summarize.py").write_text("print('**{{ 1 + 1 }}** é')")
    details: list[dict[str, Any]] = []
    monkeypatch.setattr(
        "airflow.providers.standard.operators.hitl.upsert_hitl_detail",
        lambda **detail: details.append(detail),
    )
    with pytest.raises(TaskAwaitingInput) as parked:
        task.execute(context(task, ask=True))  # type: ignore[arg-type] # the keys that it reads
    assert parked.value.timeout == timedelta(hours=24)
    (detail,) = details
    assert detail["body"] == "**{{ 1 + 1 }}** é\n"
    assert detail["defaults"] == ["Reject"]


def test_the_summary_job_gets_its_data_set_and_no_secret(
    task: ApproveOperator, jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SERVING_DATABASE_URL", "never-to-be-seen")
    assert "this is summarize" in approval.summary(task.arguments)
    call = jobs.call("summarize")
    assert call.words == ["--dataset=shop"]
    assert not [name for name in call.env if name.startswith("AIRFLOW")]
    assert "never-to-be-seen" not in call.env.values()


def test_a_failed_summary_fails_the_task_with_its_last_line(
    task: ApproveOperator, jobs: Jobs
) -> None:
    jobs.end_with(summarize=1)
    with pytest.raises(
        AirflowException, match="exit code 1; its last line: INFO this is summarize"
    ):
        task.execute(context(task, ask=True))  # type: ignore[arg-type] # the keys that it reads


def test_an_approval_goes_on_and_logs_the_operator(task: ApproveOperator) -> None:
    with capture_logs() as lines:
        task.execute_complete(context(task, ask=True), answer("Approve", "maya"))  # type: ignore[arg-type] # the keys that it reads
    assert 'approved operator="maya"' in events(lines)


@pytest.mark.parametrize(
    ("by_another", "started_by", "goes_on"),
    [(True, "maya", False), (True, "jonas", True), (True, None, True), (False, "maya", True)],
)
def test_the_account_that_started_the_run_approves_it_only_if_the_manifest_says_so(
    task: ApproveOperator, jobs: Jobs, started_by: str | None, *, by_another: bool, goes_on: bool
) -> None:
    task.by_another = by_another
    given = context(task, ask=True) | {"dag_run": SimpleNamespace(triggering_user_name=started_by)}
    with nullcontext() if goes_on else pytest.raises(AirflowFailException, match="asks again"):
        task.execute_complete(given, answer("Approve", "maya"))  # type: ignore[arg-type] # the keys that it reads

    recorded = [call for call in jobs.calls() if call.job == "approve"]
    assert len(recorded) == (by_another and goes_on)
    for call in recorded:
        assert call.words[1:] == ["--approved-by=maya", f"--started-by={started_by or ''}"]
        assert call.env["SERVING_DATABASE_URL"].endswith("@127.0.0.1:5433/lantern")


def test_an_approval_that_cannot_be_recorded_fails_the_task(
    task: ApproveOperator, jobs: Jobs
) -> None:
    task.by_another = True
    jobs.end_with(approve=1)
    given = context(task, ask=True) | {"dag_run": SimpleNamespace(triggering_user_name="jonas")}
    with pytest.raises(AirflowException, match=r"jobs\.approve failed"):
        task.execute_complete(given, answer("Approve", "maya"))  # type: ignore[arg-type] # the keys that it reads


SENT = {"asset": [SimpleNamespace(extra={"from_rest_api": True})]}
NEW_ROWS = {"asset": [SimpleNamespace(extra=None), SimpleNamespace(extra={})]}


@pytest.mark.parametrize(
    ("run_type", "started_by", "events_by_asset", "asks"),
    [
        ("manual", "maya", {}, True),
        ("scheduled", None, {}, True),
        ("asset_triggered", None, NEW_ROWS, True),
        ("asset_triggered", None, NEW_ROWS | {"other": SENT["asset"]}, False),
        ("manual", None, {}, False),
        ("backfill", None, {}, False),
    ],
)
def test_with_another_approver_a_run_always_asks_unless_nobody_knows_who_started_it(
    task: ApproveOperator,
    jobs: Jobs,
    monkeypatch: pytest.MonkeyPatch,
    *,
    run_type: str,
    started_by: str | None,
    events_by_asset: dict[str, Any],
    asks: bool,
) -> None:
    task.by_another = True
    monkeypatch.setattr(
        "airflow.providers.standard.operators.hitl.upsert_hitl_detail", lambda **_: None
    )
    of_run = SimpleNamespace(triggering_user_name=started_by, run_type=run_type)
    given = context(task, ask=False)
    given |= {"dag_run": of_run, "triggering_asset_events": events_by_asset}

    refusal = pytest.raises(AirflowFailException, match="which account")
    with pytest.raises(TaskAwaitingInput) if asks else refusal:
        task.execute(given)  # type: ignore[arg-type] # the keys that it reads
    assert len(jobs.calls()) == asks


def test_the_account_that_started_the_run_may_always_reject_it(task: ApproveOperator) -> None:
    task.by_another = True
    given = context(task, ask=True) | {"dag_run": SimpleNamespace(triggering_user_name="maya")}
    with pytest.raises(DownstreamTasksSkipped):
        task.execute_complete(given, answer("Reject", "maya"))  # type: ignore[arg-type] # the keys that it reads


@pytest.mark.parametrize(
    ("operator", "event"),
    [("maya", 'rejected operator="maya"'), (None, "approval_expired answers=0")],
)
def test_a_rejection_or_no_answer_skips_the_later_tasks(
    task: ApproveOperator, operator: str | None, event: str
) -> None:
    with capture_logs() as lines, pytest.raises(DownstreamTasksSkipped) as skipped:
        task.execute_complete(context(task, ask=True), answer("Reject", operator))  # type: ignore[arg-type] # the keys that it reads
    assert set(skipped.value.tasks) == {"fit", "publish"}
    assert event in events(lines)
