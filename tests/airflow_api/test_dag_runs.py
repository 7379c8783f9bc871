"""Runs of the DAGs of a data set, through the client against a real Airflow.

One test counts the runs: those of the other files come later, since pytest sorts files by name.
"""

import pytest

from airflow_api.answers import Run
from airflow_api.client import Airflow, AirflowError, NotAllowedError, UnknownRunError
from tests.support.airflow_api.running_airflow import INGEST, PAUSED, RETRAIN, ended, states_of
from tests.support.dags.stand_ins import Jobs


def test_dags_has_which_dags_are_paused(admin: Airflow) -> None:
    assert admin.dags()[PAUSED] is True
    admin.unpause(INGEST)
    assert admin.dags()[INGEST] is False


def test_new_rows_trigger_one_retrain_at_a_first_start(
    admin: Airflow, first_start: dict[str, list[Run]]
) -> None:
    (ingest,), (retrain,) = first_start[INGEST], first_start[RETRAIN]
    assert (ingest.state, retrain.state) == ("success", "success")
    assert retrain.run_type == "asset_triggered"
    assert set(states_of(admin.tasks(retrain)).values()) == {"success"}
    assert ingest.seconds > 0


def test_jobs_receive_the_reason_and_their_run_key(
    jobs: Jobs, first_start: dict[str, list[Run]]
) -> None:
    (retrain,) = first_start[RETRAIN]
    words = jobs.call("nominate").words
    assert f"--run-key={RETRAIN}/{retrain.run_id}/nominate" in words
    assert "--reason=New rows" in words


def test_log_returns_the_log_of_a_task(admin: Airflow, first_start: dict[str, list[Run]]) -> None:
    (retrain,) = first_start[RETRAIN]
    decide = next(task for task in admin.tasks(retrain) if task.task_id == "decide")
    log = admin.log(retrain, decide)
    assert "this is decide" in log
    assert admin.log_tail(retrain, decide, 3) == log[-3:]
    assert "hidden" not in " ".join(log)
    assert decide.name == "Decide: publish or hold"


def test_a_hold_succeeds_and_skips_the_rest(
    admin: Airflow, jobs: Jobs, first_start: dict[str, list[Run]]
) -> None:
    assert first_start
    jobs.end_with(decide=99)
    run = ended(admin, admin.trigger(RETRAIN, {"reason": "a test"}))
    states = states_of(admin.tasks(run))
    assert (run.state, states["decide"]) == ("success", "success")
    assert (states["fit"], states["publish"]) == ("skipped", "skipped")
    assert len(admin.runs(RETRAIN)) == 2


@pytest.mark.parametrize(
    "form", [{"search_budget_minutes": 500}, {"recipe": "../x"}, {"reason": "x" * 600}]
)
def test_invalid_values_of_the_form_are_refused(admin: Airflow, form: dict[str, object]) -> None:
    with pytest.raises(AirflowError, match="refused POST"):
        admin.trigger(RETRAIN, form)


def test_a_run_is_stopped_with_a_note(admin: Airflow, viewer: Airflow) -> None:
    run = admin.trigger(RETRAIN, run_id="manual__2026-11-29T12:00:00+00:00")
    assert (run.run_id, run.started_by) == ("manual__2026-11-29T12:00:00+00:00", "admin")
    with pytest.raises(NotAllowedError):
        viewer.stop(run, "no")

    stopped = admin.stop(run, "Stopped by admin: wrong recipe")

    assert (stopped.state, stopped.note) == ("failed", "Stopped by admin: wrong recipe")
    assert admin.find_run(RETRAIN, run.run_id).state == "failed"
    with pytest.raises(UnknownRunError):
        admin.find_run(RETRAIN, "manual__none")


def test_dag_has_the_fields_of_its_form_in_their_order(viewer: Airflow) -> None:
    dag = viewer.dag(RETRAIN)
    assert "retrain" in dag.tags
    assert [param.name for param in dag.params][:2] == ["recipe", "search_budget_minutes"]
    minutes = dag.params[1]
    assert (minutes.default, minutes.schema["maximum"]) == (0, 120)


def test_an_unknown_dag_is_an_error(admin: Airflow) -> None:
    with pytest.raises(AirflowError, match="not found"):
        admin.unpause("nobody__ingest")
