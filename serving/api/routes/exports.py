"""The route that exports all items, users or events as JSON lines."""

import weakref
from collections.abc import Callable, Iterator, Sequence
from threading import Lock
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel
from sqlalchemy import Connection

from serving import catalogue, schemas
from serving.api import problems
from serving.api.access import GuardedRoute
from serving.api.authentication import Caller, Maintainer
from serving.errors import ApiUnavailableError
from serving.users import bulk_export

EXPORT_PAGE = 1000  # rows in memory at the same time
_of_users = Lock()

Exported = Literal["items", "users", "events"]
Read = Callable[[Connection, str], tuple[Sequence[BaseModel], str | None]]

exports = APIRouter(
    prefix="/v1/{dataset:dataset}",
    route_class=GuardedRoute,
    responses=problems.documented(401, 403, 404, 413, 422, 429, 503),
)


class JsonLines(JSONResponse):
    """The kind of the answer in the document: each line is a value of the model."""

    media_type = "application/x-ndjson"


class Turn:
    """The only export of users or events of this process, until `end` or until it is dropped.

    Raises:
        ApiUnavailableError: there is another one.
    """

    def __init__(self) -> None:
        if not _of_users.acquire(blocking=False):
            raise ApiUnavailableError("Another export is being sent. Retry.")
        # a client may leave before the first line, and then no line of the generator is run
        self.end = weakref.finalize(self, _of_users.release)


@exports.get(
    "/export",
    response_class=JsonLines,
    response_model=schemas.ItemDetails | schemas.ExportedUser | schemas.ExportedEvent,
    tags=["exports"],
    summary="Export all items, users or events",
)
def export(
    caller: Maintainer, what: Annotated[Exported, Query(description="What to export.")]
) -> StreamingResponse:
    """All of them as JSON lines, by id: `ItemDetails`, `ExportedUser` or `ExportedEvent`.

    Needs the scope `operate`. They are read in pages: what changes meanwhile is as before or as
    after. 503 while another export of users or events is sent by this process.
    """
    match what:
        case "items":
            lines = _lines(caller, _items)
        case "users":
            lines = _alone(caller, _users, Turn())
        case "events":
            lines = _alone(caller, _events, Turn())
    return StreamingResponse(lines, media_type=JsonLines.media_type)


def _alone(caller: Caller, read: Read, turn: Turn) -> Iterator[bytes]:
    try:
        yield from _lines(caller, read)
    finally:
        turn.end()


def _lines(caller: Caller, read: Read) -> Iterator[bytes]:
    """Yield pages as JSON lines; no connection is held while one is sent."""
    after: str | None = ""
    while after is not None:
        with caller.connection() as connection:
            rows, after = read(connection, after)
        if rows:
            yield b"".join(row.model_dump_json().encode() + b"\n" for row in rows)


def _items(connection: Connection, after: str) -> tuple[Sequence[BaseModel], str | None]:
    page = catalogue.export_page(connection, after=after, limit=EXPORT_PAGE)
    return page, page[-1].item_id if len(page) == EXPORT_PAGE else None


def _users(connection: Connection, after: str) -> tuple[Sequence[BaseModel], str | None]:
    return bulk_export.users(connection, after=after, limit=EXPORT_PAGE)


def _events(connection: Connection, after: str) -> tuple[Sequence[BaseModel], str | None]:
    return bulk_export.events(connection, after=after, limit=EXPORT_PAGE)
