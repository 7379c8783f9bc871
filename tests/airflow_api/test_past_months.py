"""A backfill of the backtest, through the client against a real Airflow."""

from datetime import UTC, datetime

import pytest

from airflow_api.client import Airflow, NotAllowedError, RefusedRequestError
from tests.support.airflow_api.running_airflow import states_of
from tests.support.dags.stand_ins import Jobs
from tests.support.waiting import wait_until

BACKTEST = "shop__backtest"
MARCH = datetime(2018, 3, 1, tzinfo=UTC)


def test_a_backfill_runs_a_past_month_once_the_dag_is_unpaused(
    admin: Airflow, viewer: Airflow, jobs: Jobs
) -> None:
    wait_until(lambda: BACKTEST in admin.dags(), "DAG")
    with pytest.raises(NotAllowedError):
        viewer.backfill(BACKTEST, MARCH, MARCH, {})
    with pytest.raises(RefusedRequestError, match="ages"):
        admin.backfill(BACKTEST, MARCH, MARCH, {"ages": "x"})
    assert not admin.has_active_backfill(BACKTEST)

    admin.backfill(BACKTEST, MARCH, MARCH, {"ages": "1,3"})

    assert admin.has_active_backfill(BACKTEST)
    assert admin.dag(BACKTEST).is_paused
    admin.unpause(BACKTEST)
    wait_until(lambda: not admin.has_active_backfill(BACKTEST), "end of the backfill")
    [run] = [run for run in admin.runs(BACKTEST) if run.run_type == "backfill"]
    assert states_of(admin.tasks(run)) == {"plan": "success", "backtest": "success"}
    plans = [call.words for call in jobs.calls() if call.job == "plan"]
    [words] = [words for words in plans if f"--run-key={BACKTEST}/{run.run_id}/plan" in words]
    assert "--cut=2018-03-01T00:00:00+00:00" in words
    assert "--ages=1,3" in words
