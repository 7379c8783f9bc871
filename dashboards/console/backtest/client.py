"""Backtests in Airflow: their runs, and the start through the API as this operator."""

from collections.abc import Sequence
from datetime import date

from airflow_api.answers import Run
from dashboards.console import runs, sources
from dashboards.console.acts.client import acting_as
from dashboards.console.sources import Account
from warehouse.tables.vocabulary import BacktestPeriod

NEWEST_RUNS = 60


def active_runs(account: Account, dataset: str) -> list[Run]:
    """Return the runs that are queued or running."""
    newest = sources.runs(account, f"{dataset}__backtest", NEWEST_RUNS)
    return [run for run in newest if run.state in runs.ACTIVE]


def start(
    account: Account,
    dataset: str,
    cuts: tuple[date, date],
    *,
    period: BacktestPeriod,
    ages: Sequence[int],
    reason: str,
) -> None:
    """Start a backtest from the first to the last of `cuts` as this operator.

    Raises:
        BacktestActiveError: another one is active.
        UnknownBacktestError: Airflow has not loaded the DAG.
    """
    with acting_as(account, dataset, sources.runs.clear, sources.is_paused_by_dag.clear) as client:
        client.start_backtest(*cuts, period=period, ages=ages, reason=reason)
