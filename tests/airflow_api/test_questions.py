"""Approval of a model: the question of a run and its answer, against a real Airflow."""

from pathlib import Path

import pytest

from airflow_api.answers import Question, Run
from airflow_api.client import Airflow, AirflowError, NotAllowedError
from tests.support.airflow_api.running_airflow import HASTY, RETRAIN, ended, states_of
from tests.support.dags.stand_ins import Jobs
from tests.support.waiting import wait_until


def run_with_question(admin: Airflow, home: Path) -> tuple[Run, Question]:
    """Start a run and return it with its question, once the scheduler knows that the task waits.

    If the answer comes before the scheduler has noted that the task's process ended, Airflow takes
    that end for a failure, and asks again when it retries the task.
    """
    run = admin.trigger(RETRAIN, {"ask_for_approval": True, "search_budget_minutes": 3})
    assert run.search_minutes == 3
    wait_until(lambda: has_ended(home, run, "approve"), "question", timeout=120)
    assert states_of(admin.tasks(run))["approve"] == "awaiting_input"
    question = admin.question(run)
    assert question is not None
    return run, question


def has_ended(home: Path, run: Run, task_id: str) -> bool:
    """Return whether the scheduler has noted that the process of a task ended."""
    ended = f"TaskInstance Finished: dag_id={run.dag_id}, task_id={task_id}, run_id={run.run_id},"
    return ended in (home / "scheduler.log").read_text()


def test_a_question_shows_the_jobs_output_and_an_approved_run_goes_on(
    admin: Airflow,
    viewer: Airflow,
    jobs: Jobs,
    home: Path,
    first_start: dict[str, list[Run]],
) -> None:
    assert admin.question(first_start[RETRAIN][0]) is None
    jobs.end_with()
    run, question = run_with_question(admin, home)
    assert (question.task_id, question.answer) == ("approve", None)
    assert question.subject == "Shop: publish this model?"
    assert question.body == "INFO this is summarize\n"
    assert [(waiting.dag_id, waiting.run_id) for waiting in viewer.waiting()] == [
        (RETRAIN, run.run_id)
    ]
    with pytest.raises(NotAllowedError):
        viewer.answer(run, question, approve=True)
    admin.answer(run, question, approve=True)
    with pytest.raises(AirflowError, match="refused PATCH"):
        admin.answer(run, question, approve=False)
    assert admin.waiting() == []
    run = ended(admin, run)
    assert set(states_of(admin.tasks(run)).values()) == {"success"}


def test_a_rejected_run_publishes_nothing_and_records_the_operator(
    admin: Airflow, jobs: Jobs, home: Path, first_start: dict[str, list[Run]]
) -> None:
    assert first_start
    jobs.end_with()
    run, question = run_with_question(admin, home)
    admin.answer(run, question, approve=False)
    run = ended(admin, run)
    tasks = admin.tasks(run)
    states = states_of(tasks)
    assert (run.state, states["approve"]) == ("success", "success")
    assert (states["fit"], states["publish"]) == ("skipped", "skipped")
    answered = admin.question(run)
    assert answered is not None
    assert (answered.answer, answered.answered_by) == ("Reject", "admin")
    assert admin.questions(RETRAIN)[run.run_id] == answered
    approve = next(task for task in tasks if task.task_id == "approve")
    assert 'rejected operator="admin"' in admin.log(run, approve)


def test_a_run_without_an_answer_in_time_publishes_nothing(admin: Airflow, jobs: Jobs) -> None:
    jobs.end_with()
    admin.unpause(HASTY)
    run = ended(admin, admin.trigger(HASTY))
    states = states_of(admin.tasks(run))
    assert (run.state, states["approve"], states["publish"]) == ("success", "success", "skipped")
    question = admin.question(run)
    assert question is not None
    assert (question.answer, question.answered_by) == ("Reject", None)
