"""The routes with which operators manage keys and read the audit and the sizes of tables."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import Depends, Path, Query, Request, Response
from pydantic import Field
from pydantic.json_schema import SkipJsonSchema

from serving import schemas
from serving.acts import access, audit
from serving.api.operators import Operator
from serving.api.routes.parameters import NO_NUL, Limit, as_json
from serving.api.routes.routers import ACT, router
from serving.schemas import Action
from serving.schemas.base import Timestamp
from serving.storage import sizes

KeyName = Annotated[str, Path(pattern=r"^[A-Za-z0-9_.-]{1,64}$", examples=["shop"])]
Reason = Annotated[str, Query(max_length=200, pattern=NO_NUL, description="For the audit.")]
Moment = Annotated[Timestamp | SkipJsonSchema[None], Query(examples=["2026-11-24T12:00:00Z"])]
EARLIEST, LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2300, 1, 1, tzinfo=UTC)

operate_access = router(ACT, "operate")


@operate_access.get(
    "/storage", response_model=list[schemas.TableSize], summary="Sizes of the tables"
)
def storage(caller: Operator) -> Response:
    """The data set's tables in Postgres with their indexes, largest first."""
    with caller.connection() as connection:
        return as_json(sizes.of_tables(connection))


@operate_access.get("/keys", response_model=list[schemas.ApiKey], summary="List the API keys")
def api_keys(caller: Operator) -> Response:
    """Names, scopes and times of creation; the keys themselves are not stored."""
    return as_json(access.all_keys(caller.transaction))


@operate_access.post(
    "/keys", response_model=schemas.CreatedApiKey, status_code=201, summary="Create an API key"
)
def create_key(request: Request, caller: Operator, body: schemas.NewApiKey) -> Response:
    """Returns the key, only in this answer. It replaces a key of the same name."""
    created = access.create_key(caller.transaction, body.name, body.scopes, reason=body.reason)
    request.app.state.admission.forget_keys()  # a replaced key ends at once
    return as_json(created, status=201)


@operate_access.delete("/keys/{name}", response_model=schemas.ApiKey, summary="Revoke an API key")
def revoke_key(request: Request, caller: Operator, name: KeyName, reason: Reason = "") -> Response:
    """This process refuses the key at once; others may accept it for API_KEY_CACHE_SECONDS."""
    revoked = access.revoke_key(caller.transaction, name, reason=reason)
    request.app.state.admission.forget_keys()
    return as_json(revoked)


async def audit_filter(
    action: Annotated[Action | SkipJsonSchema[None], Query()] = None,
    actor: Annotated[
        Annotated[str, Field(max_length=200, pattern=NO_NUL)] | SkipJsonSchema[None],
        Query(examples=["ada"]),
    ] = None,
    text: Annotated[
        Annotated[str, Field(max_length=200, pattern=NO_NUL)] | SkipJsonSchema[None],
        Query(
            description="Part of the actor, the target or the reason. Case is ignored.",
            examples=["festival"],
        ),
    ] = None,
    since: Moment = None,
    until: Moment = None,
) -> audit.Filter:
    """Return which entries of the audit are asked for."""
    return audit.Filter(action, actor, text, _in_utc(since), _in_utc(until))


def _in_utc(moment: datetime | None) -> datetime | None:
    """Return the time in UTC, within years that Postgres and Python have in every zone."""
    return None if moment is None else min(max(moment, EARLIEST), LATEST).astimezone(UTC)


@operate_access.get("/audit", response_model=schemas.AuditPage, summary="Read the audit")
def audit_page(
    caller: Operator,
    chosen: Annotated[audit.Filter, Depends(audit_filter)],
    limit: Limit = 50,
    offset: Annotated[int, Query(ge=0, le=100_000)] = 0,
) -> Response:
    """Who did what, when, why and with which outcome, newest first. All filters must match."""
    with caller.transaction() as authorized:
        page = audit.page(audit.session(authorized), chosen, limit=limit, offset=offset)
    return as_json(page)
