"""Every error as `application/problem+json` (RFC 9457): what happened, and what to do next."""

import logging
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.exceptions import HTTPException

from serving.errors import (
    ApiError,
    ApiUnavailableError,
    IdempotencyKeyReusedError,
    KeyRefusedError,
    NoReleaseError,
    NoWindowListsError,
    OffScaleError,
    OperatorCheckUnavailableError,
    OperatorsNotConfiguredError,
    RequestRefusedError,
    RulesChangedError,
    SchemaUnknownError,
    ScopeMissingError,
    TooManyRequestsError,
    UnknownDatasetError,
    UnknownItemError,
    UnknownUserError,
    UserErasedError,
)
from serving.schemas import Problem

log = logging.getLogger(__name__)

BOUNDS = "`/openapi.json` has every parameter and its bounds."
MEDIA_TYPE = "application/problem+json"
# error -> status, code, title, what to do next
KINDS: dict[type[ApiError], tuple[int, str, str, str]] = {
    NoReleaseError: (
        404,
        "no-release",
        "Nothing released",
        "Run the data set's retrain; its last task publishes the first release.",
    ),
    UnknownUserError: (
        404,
        "unknown-user",
        "Unknown person",
        "Ask for recommendations all the same: a stranger gets everybody's list.",
    ),
    UnknownItemError: (
        404,
        "unknown-item",
        "Unknown item",
        "Search the catalogue for its title; a new item comes with the next release.",
    ),
    UnknownDatasetError: (
        404,
        "unknown-dataset",
        "Unknown data set",
        "Mind the spelling; a new data set is served once its schema is migrated.",
    ),
    ScopeMissingError: (
        403,
        "scope-missing",
        "Not allowed to do this",
        "Ask the operator for a key with this scope; rules need the role Op in Airflow.",
    ),
    KeyRefusedError: (
        401,
        "key-refused",
        "The key is not valid",
        "Send `Authorization: Bearer <key>` with a key of this data set, or Airflow's for rules.",
    ),
    OffScaleError: (
        422,
        "off-scale",
        "The rating is off the scale",
        "`GET /v1/{dataset}` says the scale: `lowest`, `highest`, `step`.",
    ),
    RequestRefusedError: (422, "not-acceptable", "A parameter is not acceptable", BOUNDS),
    RulesChangedError: (
        409,
        "rules-changed",
        "The rules were changed meanwhile",
        "Read them again, look at the difference, and send yours with the new version.",
    ),
    NoWindowListsError: (
        404,
        "no-window-lists",
        "Nothing was judged",
        "Run the data set's retrain; its evaluation leaves the lists that rules are tried on.",
    ),
    OperatorsNotConfiguredError: (
        503,
        "operators-not-configured",
        "This API knows no operators",
        "Set API_AIRFLOW_URL to where Airflow answers, and start the API again.",
    ),
    IdempotencyKeyReusedError: (
        409,
        "idempotency-key-reused",
        "The idempotency key is taken",
        "Send every new event with a new key; only a retry has the key of its first try.",
    ),
    UserErasedError: (
        410,
        "user-erased",
        "The person is forgotten",
        "Nothing more can be written under this id; `POST users` starts a new one.",
    ),
    TooManyRequestsError: (
        429,
        "too-many-requests",
        "Too many requests",
        "Wait for `Retry-After` seconds; the operator may raise API_REQUESTS_PER_SECOND.",
    ),
    SchemaUnknownError: (
        503,
        "schema-unknown",
        "The schema is not the one this API knows",
        "Migrate the data set's schema, or deploy the API that belongs to it.",
    ),
    OperatorCheckUnavailableError: (
        503,
        "operator-check-unavailable",
        "Airflow does not answer",
        "Try again in a few seconds; if it lasts, look at Airflow. Lists go out meanwhile.",
    ),
    ApiUnavailableError: (
        503,
        "unavailable",
        "The database does not answer",
        "Try again in a few seconds; if it lasts, look at Postgres.",
    ),
}
HEADERS = {
    401: {"WWW-Authenticate": "Bearer"},
    429: {"Retry-After": "1"},
    503: {"Retry-After": "2"},
}


def install(app: FastAPI) -> None:
    """Answer every error of the app with a problem."""
    app.add_exception_handler(ApiError, _known)
    app.add_exception_handler(RequestValidationError, _refused)
    app.add_exception_handler(HTTPException, _of_http)
    for kind in (OperationalError, InterfaceError, PoolTimeoutError, DBAPIError):
        app.add_exception_handler(kind, _of_database)
    app.add_exception_handler(Exception, _unforeseen)


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return these statuses' answers for the OpenAPI document."""
    schema = {"$ref": "#/components/schemas/Problem"}
    return {
        status: {
            "description": HTTPStatus(status).phrase,
            "content": {MEDIA_TYPE: {"schema": schema}},
        }
        for status in statuses
    }


def _known(request: Request, error: Exception) -> Response:
    kind = next(known for known in KINDS if isinstance(error, known))
    status, code, title, next_step = KINDS[kind]
    path = request.url.path
    return answer(path, status, code, title=title, detail=str(error), next_step=next_step)


def _refused(request: Request, error: Exception) -> Response:
    broken = error.errors() if isinstance(error, RequestValidationError) else ()
    reasons = (f"{'.'.join(str(part) for part in e['loc'])}: {e['msg']}" for e in broken)
    return answer(
        request.url.path,
        422,
        "not-acceptable",
        title="A parameter is not acceptable",
        detail="; ".join(reasons) + ".",
        next_step=BOUNDS,
    )


def _of_http(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    if status == HTTPStatus.BAD_REQUEST:
        return _known(request, RequestRefusedError("body: it cannot be read as JSON in UTF-8."))
    title = HTTPStatus(status).phrase
    return answer(
        request.url.path,
        status,
        title.lower().replace(" ", "-"),
        title=title,
        detail=f"{request.method} is not answered here.",
        next_step="`/openapi.json` has every route.",
    )


def _of_database(request: Request, error: Exception) -> Response:
    if isinstance(error, DBAPIError) and not _is_passing(error):
        return _unforeseen(request, error)
    cause = getattr(error, "orig", error)
    log.warning("the database did not answer: %s", str(cause).partition("\n")[0])
    return _known(request, ApiUnavailableError("Postgres did not answer in time."))


def _is_passing(error: DBAPIError) -> bool:
    gone = isinstance(error, OperationalError | InterfaceError)
    return gone or error.connection_invalidated


def _unforeseen(request: Request, error: Exception) -> Response:
    log.error("unforeseen error at %s", request.url.path, exc_info=error)
    return answer(
        request.url.path,
        500,
        "unforeseen",
        title="Something went wrong here",
        detail="The API made a mistake; it was written to its log.",
        next_step="Look at the API's log (`lantern logs api`).",
    )


def answer(
    path: str, status: int, code: str, *, title: str, detail: str, next_step: str
) -> Response:
    """Return a problem as it is sent."""
    problem = Problem(
        type=f"urn:lantern:problem:{code}",
        title=title,
        status=status,
        detail=detail,
        instance=path,
        code=code,
        next_step=next_step,
    )
    body = problem.model_dump_json()
    return Response(body, status, headers=HEADERS.get(status), media_type=MEDIA_TYPE)
