"""The routes for a user's own data, and for operators who erase users."""

from contextlib import ExitStack
from functools import partial
from typing import IO, Annotated

from fastapi import Query, Response

from serving import schemas
from serving.acts import access
from serving.api import problems
from serving.api.authentication import AnyProduct, Caller, Reader
from serving.api.operators import Operator, as_erasure
from serving.api.routes.feedback import UserToken
from serving.api.routes.parameters import JSON, NO_NUL, UserId, as_json
from serving.api.routes.routers import CHANGE, router
from serving.api.sent_exports import ConcurrencyLimit, SentExport
from serving.errors import UserErasedError
from serving.users import accounts, erasures
from serving.users import export as exports

OneUser = Annotated[
    str | None,
    Query(max_length=256, pattern=NO_NUL, description="Only the erasure of this user, if any."),
]

# Each export is a file on the disk
_of_user, _of_key = ConcurrencyLimit(1), ConcurrencyLimit(8)

route = router(CHANGE)
batches = router(CHANGE, "erasures", in_batches=True)


@route.get(
    "/users/{user_id:id}/export",
    response_model=schemas.Export,
    responses=problems.documented(410),
    tags=["users"],
    summary="Export a user's data",
)
async def export(caller: AnyProduct, user_id: UserId, token: UserToken = None) -> Response:
    """Needs a key with the scope `operate`, or any key and the user's token.

    Returns every row about the user in Postgres. 503 while this process sends another export of
    the user, or 8 to the same key, or if too many are being written.
    """
    with ExitStack() as held:
        held.enter_context(_of_key.slot(caller.sender))
        write = partial(_exported, caller, user_id, token, held)
        file = await caller.exports.run(write, caller.sender)
        return SentExport(exports.chunks(file), JSON, held.pop_all())


def _exported(caller: Caller, user_id: str, token: str | None, held: ExitStack) -> IO[bytes]:
    """Return the file of an export; `held` closes it and releases the user's slot."""
    with caller.transaction() as authorized:
        connection = authorized.connection
        accounts.requester(
            connection, user_id, key=authorized.name, scopes=authorized.scopes, token=token
        )
        if accounts.is_erased(connection, user_id):
            raise UserErasedError(f"The user {user_id!r} was erased.")
        held.enter_context(_of_user.slot((caller.dataset, user_id)))
        return held.enter_context(exports.export(connection, user_id))


@batches.post(
    "/erasures",
    response_model=list[schemas.Erasure],
    summary="Erase users as an operator",
)
@as_erasure
def erase_users(caller: Operator, body: schemas.NewErasures) -> Response:
    """Erases up to 1,000 users as `DELETE users/{user_id}` does.

    If it fails in the middle, some of the users are erased; repeat it with all of them. The audit
    has an entry for each user, with a digest instead of the id.
    """
    receipts = access.erase(caller.transaction, body.user_ids, reason=body.reason)
    for receipt in receipts:
        caller.release_cache.drop_reasons(receipt.user_id)
    return as_json(receipts)


@route.get(
    "/open-erasures",
    response_model=schemas.OpenErasures,
    tags=["erasures"],
    summary="Count the erasures that are not complete",
)
def open_erasures(caller: Reader) -> Response:
    """How many erased users the lake may still have, and since when. No user is named."""
    with caller.connection() as connection:
        return as_json(erasures.open_erasures(connection))


@route.get(
    "/erasures",
    response_model=list[schemas.ErasureState],
    tags=["erasures"],
    summary="List erasures",
)
def list_erasures(
    caller: Operator,
    user_id: OneUser = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Response:
    """Newest first, each with the times when the lake deleted the rows and the old files."""
    with caller.connection() as connection:
        if user_id is None:
            return as_json(erasures.newest(connection, limit=limit))
        state = erasures.find(connection, user_id)
        return as_json([] if state is None else [state])
