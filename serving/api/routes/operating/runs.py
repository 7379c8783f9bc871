"""The routes with which operators start and stop runs in Airflow, and approve models.

They wait for Airflow in threads of their own, so that lists do not.
"""

from collections.abc import Callable
from typing import Annotated

from fastapi import Path, Request, Response

from airflow_api.client import Airflow
from serving import schemas
from serving.api.airflow_acts.runs import Runs
from serving.api.operators import Operator, OperatorCaller
from serving.api.routes.parameters import as_json
from serving.api.routes.routers import ACT, router

RunId = Annotated[
    str,
    Path(
        max_length=250,
        pattern=r"^[A-Za-z0-9_.~:+-]*[A-Za-z0-9_~:+-][A-Za-z0-9_.~:+-]*$",  # not `.` and `..`
        description="The run's id in Airflow.",
        examples=["manual__2026-11-24T12:00:00+00:00"],
    ),
]

operate_runs = router(ACT, "operate")


@operate_runs.post(
    "/retrains", response_model=schemas.DagRun, status_code=201, summary="Start a retrain"
)
async def start(request: Request, caller: Operator, body: schemas.NewRetrain) -> Response:
    """Starts a run of the DAG `{dataset}__retrain` in Airflow, as the operator."""
    return as_json(await _act(request, caller, lambda runs: runs.start(body)), status=201)


@operate_runs.post(
    "/retrains/{run_id:id}/stop", response_model=schemas.DagRun, summary="Stop a retrain"
)
async def stop(
    request: Request, caller: Operator, run_id: RunId, body: schemas.Because
) -> Response:
    """Ends the running tasks of the retrain. The live release stays."""
    stopped = await _act(request, caller, lambda runs: runs.stop(run_id, body.reason))
    return as_json(stopped)


@operate_runs.post(
    "/retrains/{run_id:id}/answer",
    response_model=schemas.DagRun,
    summary="Approve or reject a model",
)
async def answer(
    request: Request, caller: Operator, run_id: RunId, body: schemas.RetrainAnswer
) -> Response:
    """Answers a retrain that waits for an approval. Only the first answer counts."""
    return as_json(await _act(request, caller, lambda runs: runs.answer(run_id, body)))


@operate_runs.post(
    "/ingests", response_model=schemas.DagRun, status_code=201, summary="Start an ingest"
)
async def start_ingest(request: Request, caller: Operator, body: schemas.Because) -> Response:
    """Lands new files and refines their rows. It waits behind an active ingest."""
    run = await _act(request, caller, lambda runs: runs.start_ingest(reason=body.reason))
    return as_json(run, status=201)


@operate_runs.post(
    "/maintenance",
    response_model=schemas.DagRun,
    status_code=201,
    summary="Run the maintenance now",
)
async def start_maintenance(request: Request, caller: Operator, body: schemas.Because) -> Response:
    """Starts a run of the DAG `{dataset}__maintain`. It waits behind an active one."""
    run = await _act(request, caller, lambda runs: runs.start_maintenance(reason=body.reason))
    return as_json(run, status=201)


async def _act(
    request: Request,
    caller: OperatorCaller,
    perform: Callable[[Runs], schemas.DagRun],
) -> schemas.DagRun:
    def in_airflow(airflow: Airflow) -> schemas.DagRun:
        return perform(Runs(airflow, caller))

    run: schemas.DagRun = await request.app.state.admission.operators.act(caller.token, in_airflow)
    return run
