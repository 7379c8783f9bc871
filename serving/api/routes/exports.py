"""The route that exports all items, users or events as JSON lines."""

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import ExitStack
from typing import Annotated, Literal

import anyio
from anyio.to_thread import run_sync
from fastapi import Query
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel
from sqlalchemy import Connection

from serving import catalogue, schemas
from serving.api.authentication import REFUSED, Caller, Maintainer
from serving.api.routes.routers import CHANGE, router
from serving.api.sent_exports import ConcurrencyLimit, SentExport
from serving.errors import KeyRefusedError
from serving.storage import keys
from serving.users import bulk_export

EXPORT_PAGE = 1000  # rows in memory at the same time
_of_key = ConcurrencyLimit(1)
_threads = anyio.CapacityLimiter(1)  # of exports: the others are for lists

Exported = Literal["items", "users", "events"]
Read = Callable[[Connection, str], tuple[Sequence[BaseModel], str | None]]

exports = router(CHANGE)


class JsonLines(JSONResponse):
    """The kind of the answer in the document: each line is a value of the model."""

    media_type = "application/x-ndjson"


async def _sent(first: bytes, pages: Iterator[bytes]) -> AsyncIterator[bytes]:
    page = first
    while page:
        yield page
        page = await run_sync(next, pages, b"", limiter=_threads)


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

    Needs the scope `operate`. A row that changes during the export is as before, as after, or
    missing. 503 while this process sends another export to the same key.
    """
    pages = _lines(caller, _READ[what])
    with ExitStack() as held:
        held.enter_context(_of_key.slot(caller.sender))
        first = next(pages, b"")  # an error here is answered as a problem
        return SentExport(_sent(first, pages), JsonLines.media_type, held.pop_all())


def _lines(caller: Caller, read: Read) -> Iterator[bytes]:
    """Yield pages as JSON lines; no connection is held while one is sent.

    Raises:
        KeyRefusedError: the key has been revoked.
    """
    after: str | None = ""
    while after is not None:
        with caller.connection() as connection:
            if after and not keys.is_valid(connection, caller.key):
                raise KeyRefusedError(REFUSED)
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


_READ: dict[Exported, Read] = {"items": _items, "users": _users, "events": _events}
