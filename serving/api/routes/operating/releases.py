"""The routes with which operators choose the live release. Every act is audited."""

from typing import Annotated, Any

from fastapi import Path, Query, Response
from sqlalchemy.orm import Session

from serving import schemas
from serving.acts import publishing
from serving.api.operators import Operator, one_at_a_time
from serving.api.routes.parameters import Limit, as_json
from serving.api.routes.routers import ACT, router
from serving.publishing import changes, history

ReleaseId = Annotated[int, Path(ge=1, le=2**53, examples=[3])]

operate_releases = router(ACT, "operate")
_act_route: dict[str, Any] = {"response_model": schemas.LiveState}


@operate_releases.get(
    "/releases/history", response_model=list[schemas.PastRelease], summary="History of releases"
)
def release_history(
    caller: Operator, limit: Limit = 20, offset: Annotated[int, Query(ge=0, le=100_000)] = 0
) -> Response:
    """All releases, newest first, deleted ones included, with every act on each."""
    with caller.connection() as connection:
        return as_json(history.newest(Session(connection), limit=limit, offset=offset))


@operate_releases.get(
    "/releases/{release_id}/changes",
    response_model=schemas.ReleaseChanges,
    summary="Compare the lists of two releases",
)
@one_at_a_time
def release_changes(
    caller: Operator, release_id: ReleaseId, since: Annotated[int, Query(ge=1, le=2**53)]
) -> Response:
    """What changed from the release `since`, on a sample of the users of both."""
    with caller.connection() as connection:
        return as_json(changes.between(connection, release_id, since=since))


@operate_releases.post(
    "/releases/{release_id}/activate", summary="Make a release live", **_act_route
)
def activate(caller: Operator, release_id: ReleaseId, body: schemas.ChangeOfRelease) -> Response:
    """The next request is served from this release. Publishing is resumed."""
    return as_json(
        publishing.activate(
            caller.transaction, release_id, instead_of=body.instead_of, reason=body.reason
        )
    )


@operate_releases.post(
    "/releases/roll-back", summary="Go back to the previous release", **_act_route
)
def roll_back(caller: Operator, body: schemas.ChangeOfRelease) -> Response:
    """Makes the newest kept release older than the live one live, and pauses publishing."""
    return as_json(
        publishing.roll_back(caller.transaction, instead_of=body.instead_of, reason=body.reason)
    )


@operate_releases.post("/publishing/pause", summary="Pause publishing", **_act_route)
def pause(caller: Operator, body: schemas.Because) -> Response:
    """The live release stays: retrains are evaluated but not published for now."""
    return as_json(publishing.pause(caller.transaction, reason=body.reason))


@operate_releases.post("/publishing/resume", summary="Resume publishing", **_act_route)
def resume(caller: Operator, body: schemas.Because) -> Response:
    """The next retrain may publish again. It is not an error if publishing is not paused."""
    return as_json(publishing.resume(caller.transaction, reason=body.reason))
