"""The routes for a user's own data, and for operators who erase users."""

from threading import BoundedSemaphore
from typing import IO, Annotated

import anyio
from fastapi import Query, Response
from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from serving import schemas
from serving.acts import access
from serving.api import problems
from serving.api.authentication import AnyProduct, Caller, Reader
from serving.api.operators import Operator, as_erasure
from serving.api.routes.exports import EXPORT_SECONDS
from serving.api.routes.feedback import UserToken
from serving.api.routes.parameters import JSON, NO_NUL, UserId, as_json
from serving.api.routes.routers import CHANGE, router
from serving.errors import ApiUnavailableError, UserErasedError
from serving.users import accounts, erasures
from serving.users import export as exports

OneUser = Annotated[
    str | None,
    Query(max_length=256, pattern=NO_NUL, description="Only the erasure of this user, if any."),
]

MOST_SENT = 4  # exports at the same time: each is a file on the disk
_sending = BoundedSemaphore(MOST_SENT)

route = router(CHANGE)
batches = router(CHANGE, "erasures", in_batches=True)


class UserExport(StreamingResponse):
    """One of the exports of users that this process sends, until it is sent or cut off.

    Its file is closed then, also if the client left: it would stay until garbage is collected.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        super().__init__(exports.chunks(file), media_type=JSON)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the file, for `EXPORT_SECONDS` at most."""
        try:
            with anyio.move_on_after(EXPORT_SECONDS):
                await super().__call__(scope, receive, send)
        finally:
            self._file.close()
            _sending.release()


@route.get(
    "/users/{user_id:id}/export",
    response_model=schemas.Export,
    responses=problems.documented(410),
    tags=["users"],
    summary="Export a user's data",
)
def export(caller: AnyProduct, user_id: UserId, token: UserToken = None) -> Response:
    """Needs a key with the scope `operate`, or any key and the user's token.

    Returns every row about the user in Postgres; 503 while another export is written, or several
    are sent.
    """
    if not _sending.acquire(blocking=False):
        raise ApiUnavailableError("Several exports are being sent. Retry.")
    try:
        file = _exported(caller, user_id, token)
    except BaseException:
        _sending.release()
        raise
    return UserExport(file)


def _exported(caller: Caller, user_id: str, token: str | None) -> IO[bytes]:
    with caller.transaction() as authorized:
        connection = authorized.connection
        accounts.requester(
            connection, user_id, key=authorized.name, scopes=authorized.scopes, token=token
        )
        if accounts.is_erased(connection, user_id):
            raise UserErasedError(f"The user {user_id!r} was erased.")
        return exports.export(connection, user_id)


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
