"""Every error as `application/problem+json` (RFC 9457): what happened and what to do next."""

import logging
import math
from http import HTTPStatus
from typing import Any, TypedDict, cast

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from psycopg2.errors import (
    DiskFull,
    LockNotAvailable,
    ProgramLimitExceeded,
    ReadOnlySqlTransaction,
)
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.exceptions import HTTPException

from serving.errors import (
    ApiError,
    ApiUnavailableError,
    BodyTooLargeError,
    RequestRefusedError,
    TooManyChangesError,
)
from serving.schemas import Problem
from serving.schemas.base import MOST_CHARACTERS, reasons

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
NO_ROUTE = frozenset((404, 405))  # statuses of requests that no route answers


class Refusal(TypedDict):
    """The fields of the outcome of a change that was refused, in the answer to a batch."""

    code: str
    title: str
    detail: str


def install(app: FastAPI) -> None:
    """Answer every error of the app with a problem."""
    app.add_exception_handler(ApiError, _api_error)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(PoolTimeoutError, _database_error)
    app.add_exception_handler(DBAPIError, _database_error)
    app.add_exception_handler(Exception, _unexpected)


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the problems with these statuses for the OpenAPI document."""
    schema = {"$ref": "#/components/schemas/Problem"}
    return {
        status: {
            "description": HTTPStatus(status).phrase,
            "content": {MEDIA_TYPE: {"schema": schema}},
        }
        for status in statuses
    }


def response(path: str, error: ApiError) -> Response:
    """Return the error as it is sent."""
    problem = _problem(
        path, error.status, error.code, error.title, detail=str(error), next_step=error.next_step
    )
    if error.status == HTTPStatus.UNAUTHORIZED:
        problem.headers["WWW-Authenticate"] = "Bearer"
    if isinstance(error, BodyTooLargeError):
        problem.headers["Connection"] = "close"  # else the rest of the body must be read
    if error.retry_after is not None:
        problem.headers["Retry-After"] = str(math.ceil(error.retry_after))
    return problem


def refusal(error: ApiError) -> Refusal:
    """Return the error as the outcome of one change of a batch has it."""
    return Refusal(code=error.code, title=error.title, detail=str(error))


async def _api_error(request: Request, error: Exception) -> Response:
    return response(request.url.path, cast("ApiError", error))


async def _invalid(request: Request, error: Exception) -> Response:
    errors = error.errors() if isinstance(error, RequestValidationError) else ()
    return response(request.url.path, RequestRefusedError(reasons(errors)))


async def _http_error(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    path = request.url.path
    if status == HTTPStatus.BAD_REQUEST:
        return response(path, RequestRefusedError("body: it is not JSON in UTF-8."))
    if status in NO_ROUTE:
        try:
            await request.app.state.admission.count_refusal(request.scope)
        except ApiError as too_many:
            return response(path, too_many)
    title = HTTPStatus(status).phrase
    return _problem(
        path,
        status,
        title.lower().replace(" ", "-"),
        title,
        detail=f"No route answers {request.method} at this path.",
        next_step="`/openapi.json` lists every route.",
    )


async def _database_error(request: Request, error: Exception) -> Response:
    cause = getattr(error, "orig", error)
    is_read_only = isinstance(cause, ReadOnlySqlTransaction)
    is_temporary = is_read_only or isinstance(error, OperationalError | InterfaceError)
    if isinstance(cause, ProgramLimitExceeded):  # psycopg2 has it among the operational errors
        return await _unexpected(request, error)
    if isinstance(error, DBAPIError) and not (is_temporary or error.connection_invalidated):
        return await _unexpected(request, error)
    if isinstance(cause, LockNotAvailable):
        held = "Another transaction, such as a publication, holds a lock for too long."
        return response(request.url.path, TooManyChangesError(held))
    log.warning("database unavailable error=%s", str(cause).partition("\n")[0])
    detail = "Postgres did not answer in time."
    if isinstance(cause, DiskFull):
        detail = "The disk of Postgres is full. Lists are served; nothing can be written."
    if is_read_only:
        detail = "Postgres is read-only. Lists are served; nothing can be written."
    return response(request.url.path, ApiUnavailableError(detail))


async def _unexpected(request: Request, error: Exception) -> Response:
    log.error("unexpected error path=%s", request.url.path, exc_info=error)
    internal = ApiError("An unexpected error occurred. The API's log has its trace.")
    return response(request.url.path, internal)


def _problem(
    path: str, status: int, code: str, title: str, *, detail: str, next_step: str
) -> Response:
    problem = Problem(
        type=f"urn:lantern:problem:{code}",
        title=title,
        status=status,
        detail=detail,
        instance=path[:MOST_CHARACTERS],
        code=code,
        next_step=next_step,
    )
    return Response(problem.model_dump_json(), status, media_type=MEDIA_TYPE)
