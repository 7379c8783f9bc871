"""Limits of the bodies that Airflow's API server reads.

Airflow reads a body before it asks who sent it, and has no limit of its own. `lantern up` writes a
plugin of Airflow that puts this middleware before all its applications.
"""

import json
from http import HTTPStatus

from starlette.types import ASGIApp, Receive, Scope, Send

from serving.body_limit import limited
from serving.errors import BodyTooLargeError

MOST_BYTES = 1 << 20
OF_PATHS = {"/auth": 1 << 16, "/execution": 1 << 22}  # sign-in; tasks, with what they return


class BodyLimit:
    """Answers 413 to a body above the limit of its path, before it is in memory."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, if its body is small enough."""
        if scope["type"] == "http":
            try:
                receive = await limited(scope, receive, limit_of(scope["path"]))
            except BodyTooLargeError as error:
                await _refuse(send, str(error))
                return
        await self._app(scope, receive, send)


def limit_of(path: str) -> int:
    """Return the most bytes that a request to the path may have."""
    first, _, _ = path.removeprefix("/").partition("/")
    return OF_PATHS.get(f"/{first}", MOST_BYTES)


async def _refuse(send: Send, reason: str) -> None:
    body = json.dumps({"detail": reason}).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
    ]
    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE.value
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
