"""Backtests in Airflow, as one operator. The start is audited."""

from datetime import UTC, date, datetime, time

from airflow_api.client import Airflow
from serving import errors, schemas
from serving.acts import audit
from serving.api.airflow_acts.translation import translated
from serving.api.operators import OperatorCaller


def start(
    airflow: Airflow, caller: OperatorCaller, new: schemas.NewBacktest
) -> schemas.StartedBacktest:
    """Start a backfill, and unpause the DAG, without which its runs would wait.

    `airflow` has the caller's token.

    Raises:
        BacktestActiveError: another one is active.
        RequestRefusedError: a value does not fit the DAG's form, or no run has ended by now.
        UnknownBacktestError: Airflow has no such DAG.
    """
    dag_id = f"{caller.dataset}__backtest"
    target = f"backtest {new.first} to {new.last}"
    parameters = {
        "period": new.period,
        "ages": ",".join(map(str, sorted(set(new.ages)))),
        "recipe": new.recipe,
    }
    unknown = errors.UnknownBacktestError("Airflow has no DAG for backtests.")
    with (
        audit.act(caller.transaction, "start_backtest", target, new.reason) as act,
        translated(unknown, "the backtests"),
    ):
        dag = airflow.dag(dag_id)
        act.before = {"is_paused": dag.is_paused}
        if airflow.has_active_backfill(dag_id):
            raise errors.BacktestActiveError(f"A backfill of {dag_id!r} has not ended.")
        first, last = _midnight(new.first), _midnight(new.last)
        backfill_id = airflow.backfill(dag_id, first, last, parameters)
        if dag.is_paused:
            airflow.unpause(dag_id)
        act.after = {"backfill_id": backfill_id, "parameters": parameters}
        return schemas.StartedBacktest(backfill_id=backfill_id, dag_id=dag_id)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
