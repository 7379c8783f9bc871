"""The route with which operators start backtests, in Airflow."""

from fastapi import Request, Response

from airflow_api.client import Airflow
from serving import schemas
from serving.api.airflow_acts import backtests
from serving.api.operators import Operator
from serving.api.routes.parameters import as_json
from serving.api.routes.routers import ACT, router

operate_backtests = router(ACT, "operate", below="/backtests")


@operate_backtests.post(
    "", response_model=schemas.StartedBacktest, status_code=201, summary="Start a backtest"
)
async def start(request: Request, caller: Operator, body: schemas.NewBacktest) -> Response:
    """Starts a backfill of the DAG `{dataset}__backtest` in Airflow, as the operator."""

    def in_airflow(airflow: Airflow) -> schemas.StartedBacktest:
        return backtests.start(airflow, caller, body)

    operators = request.app.state.admission.operators
    return as_json(await operators.act(caller.token, in_airflow), status=201)
