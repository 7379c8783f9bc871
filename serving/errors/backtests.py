"""Errors of operators' acts on backtests."""

from serving.errors.base import ApiError


class UnknownBacktestError(ApiError):
    """Airflow has no DAG for backtests of the data set."""

    status = 404
    title = "No backtest"
    next_step = "Data without times have none. For others Airflow loads the DAG within a minute."


class BacktestActiveError(ApiError):
    """A backtest of the data set has not ended. Airflow runs one at a time."""

    status = 409
    title = "A backtest is active"
    next_step = "Wait until it has ended, or cancel it on the DAG's page in Airflow."
