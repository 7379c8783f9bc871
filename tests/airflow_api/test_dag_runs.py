"""Runs of the DAGs of a data set, through the client against a real Airflow.

One test counts the runs: those of the other files come later, since pytest sorts files by name.
"""

import pytest

from airflow_api.answers import Run
from airflow_api.client import Airflow, AirflowError
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


def test_an_unknown_dag_is_an_error(admin: Airflow) -> None:
    with pytest.raises(AirflowError, match="not found"):
        admin.unpause("nobody__ingest")
