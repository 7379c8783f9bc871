"""The part of an operator's client that starts backtests."""

from collections.abc import Sequence
from datetime import date

from serving import schemas
from serving.schemas.operators.backtests import Period
from serving.transport import ClientPart


class BacktestClient(ClientPart):
    """Requests of operators. `serving.operator_client.OperatorClient` has them too."""

    def start_backtest(
        self,
        first: date,
        last: date,
        *,
        period: Period = "month",
        ages: Sequence[int] = (1, 2, 3, 6),
        recipe: str = "",
        reason: str,
    ) -> schemas.StartedBacktest:
        """Start a backtest with cuts from `first` to `last`.

        Raises:
            BacktestActiveError: another one is active.
            RequestRefusedError: a value does not fit the DAG's form.
            UnknownBacktestError: Airflow has no DAG for backtests of this data set.
        """
        body = {
            "first": first.isoformat(),
            "last": last.isoformat(),
            "period": period,
            "ages": list(ages),
            "recipe": recipe,
            "reason": reason,
        }
        return self._request(schemas.StartedBacktest, "backtests", method="POST", body=body)
