"""Backtests: one run per month by Airflow's backfill, and the options that `plan` gets."""

import copy
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import ParamValidationError

from dags.backtest import backtest
from tests.dags.conftest import Run
from tests.support.dags.stand_ins import Jobs
from warehouse import datasets
from warehouse.datasets import Dataset

if TYPE_CHECKING:
    from airflow.dag_processing.dagbag import DagBag

DAG_ID = "playground__backtest"
MARCH = datetime(2018, 3, 1, tzinfo=UTC)


def backfilled(dag: Any, first: datetime, last: datetime) -> list[tuple[str, str]]:
    """Return start (the logical date) and end of each run that a backfill creates."""
    from airflow.serialization.serialized_objects import DagSerialization

    stored = DagSerialization.deserialize_dag(DagSerialization.serialize_dag(dag))
    assert stored.timetable.periodic  # else Airflow refuses a backfill
    runs = stored.iter_dagrun_infos_between(first, last)
    intervals = [run.data_interval for run in runs if run.data_interval]
    return [(f"{each.start:%Y-%m-%d}", f"{each.end:%Y-%m-%d}") for each in intervals]


def weekly() -> Dataset:
    dataset = datasets.load_named("playground")
    schedule = dataset.schedule.model_copy(update={"backtest": "week"})
    return dataset.model_copy(update={"schedule": schedule})


def test_a_backfill_has_a_run_per_month(bag: "DagBag") -> None:
    first, last = datetime(2017, 12, 1, tzinfo=UTC), datetime(2018, 2, 20, tzinfo=UTC)
    assert backfilled(bag.dags[DAG_ID], first, last) == [
        ("2017-12-01", "2018-01-01"), ("2018-01-01", "2018-02-01"), ("2018-02-01", "2018-03-01"),
    ]  # fmt: skip


def test_a_manifest_can_ask_for_weeks() -> None:
    dag = backtest(weekly())
    assert backfilled(dag, MARCH, datetime(2018, 3, 12, tzinfo=UTC)) == [
        ("2018-03-05", "2018-03-12"), ("2018-03-12", "2018-03-19"),
    ]  # fmt: skip
    assert dag.params["period"] == "week"


def test_backtests_are_off_until_they_are_unpaused(bag: "DagBag") -> None:
    dags = [dag for name, dag in bag.dags.items() if name.endswith("__backtest")]
    assert len(dags) == len(datasets.installed())
    assert {dag.is_paused_upon_creation for dag in dags} == {True}


def test_the_cut_is_the_logical_date(run: Run, jobs: Jobs) -> None:
    states = run(DAG_ID, logical_date=MARCH, ages="1,12", recipe="popular")

    assert set(states.values()) == {"success"}
    assert [call.job for call in jobs.calls()] == ["plan", "backtest"]
    words = jobs.call("plan").words
    assert words[2:] == [
        "--cut=2018-03-01T00:00:00+00:00", "--period=month", "--ages=1,12", "--recipe=popular",
    ]  # fmt: skip
    assert "SERVING_DATABASE_URL" in jobs.call("plan").env
    assert "SERVING_DATABASE_URL" not in jobs.call("backtest").env
    key = [call.words[1].rpartition("/")[0] for call in jobs.calls() if call.job == "plan"]
    submitted = jobs.call("backtest").words
    assert f"{key[0]}/backtest" in submitted  # the same run


def test_without_a_logical_date_the_job_chooses_the_cut(run: Run, jobs: Jobs) -> None:
    run(DAG_ID)

    assert jobs.call("plan").words[2:] == [
        "--cut=", "--period=month", "--ages=1,2,3,6", "--recipe=",
    ]  # fmt: skip


def test_a_month_without_events_is_skipped(run: Run, jobs: Jobs) -> None:
    jobs.end_with(plan=99)

    states = run(DAG_ID)

    assert states == {"run": "success", "plan": "success", "backtest": "skipped"}
    assert [call.job for call in jobs.calls()] == ["plan"]


def filled(bag: "DagBag", ages: object) -> object:
    form = copy.deepcopy(bag.dags[DAG_ID].params)
    form.update({"ages": ages})
    return form.validate()["ages"]


@pytest.mark.parametrize("ages", ["", "1", "36", "1,2,3,6", "6,5,4,3,2,1"])
def test_the_form_accepts_ages(bag: "DagBag", ages: str) -> None:
    assert filled(bag, ages) == ages


@pytest.mark.parametrize("ages", ["0", "37", "1, 2", "1,", "x", "1,2,3,4,5,6,7", 3, None, "1;2"])
def test_the_form_rejects_ages(bag: "DagBag", ages: object) -> None:
    with pytest.raises(ParamValidationError):
        filled(bag, ages)
