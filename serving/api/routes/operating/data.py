"""The routes with which operators decide on rows in quarantine and add files. All are audited."""

from typing import Annotated

from fastapi import Query, Response

from serving import schemas
from serving.acts import quarantine, uploads
from serving.api.operators import Operator
from serving.api.routes.parameters import as_json
from serving.api.routes.routers import ACT, router

operate_data = router(ACT, "operate")


@operate_data.get(
    "/quarantine/decisions",
    response_model=list[schemas.QuarantineDecision],
    summary="List decisions on rows in quarantine",
)
def decisions(caller: Operator, limit: Annotated[int, Query(ge=1, le=1000)] = 100) -> Response:
    """Newest first. The rows themselves are in the lake, in `silver.quarantine`."""
    with caller.connection() as connection:
        return as_json(quarantine.newest(connection, limit=limit))


@operate_data.post(
    "/quarantine/decisions",
    response_model=schemas.QuarantineDecision,
    status_code=201,
    summary="Release or reject rows in quarantine",
)
def decide(caller: Operator, body: schemas.NewDecision) -> Response:
    """The next ingest applies the decision. One that repeats the last one changes nothing."""
    return as_json(quarantine.decide(caller.transaction, body), status=201)


@operate_data.post(
    "/uploads", response_model=schemas.Upload, status_code=201, summary="Record an upload"
)
def record_upload(caller: Operator, body: schemas.NewUpload) -> Response:
    """For the audit: the API takes no file. The console asks before it puts one into the inbox."""
    return as_json(uploads.record(caller.transaction, body), status=201)
