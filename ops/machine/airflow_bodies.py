"""Limits of the bodies that Airflow's API server reads.

Airflow reads a body before it asks who sent it, and has no limit of its own. A plugin of Airflow
(`ops.machine.airflow_plugins`) puts this middleware before all its applications.
"""

import asyncio
import json
from http import HTTPStatus

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.body_limit import limited
from serving.errors import BodyTooLargeError

MOST_BYTES = 1 << 20
OF_PATHS = {"/auth": 1 << 16, "/execution": 1 << 22}  # sign-in; tasks, with what they return
MOST_AT_ONCE = 1 << 26  # bytes of all bodies that are under way
SECONDS = 30  # for a body to arrive


class TooManyBodiesError(Exception):
    """The bodies that are under way have too many bytes together."""


class BodyLimit:
    """Reads bodies within limits of size, of time, and of memory for all of them.

    A body above the limit of its path is answered with 413, one that has not arrived in time with
    408, and one for which there is no memory now with 503.
    """

    def __init__(self, app: ASGIApp, *, most_at_once: int = MOST_AT_ONCE) -> None:
        self._app, self._most_at_once = app, most_at_once
        self._under_way = 0  # bytes of bodies that have not arrived completely

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, once its body is there and small enough."""
        if scope["type"] == "http":
            try:
                receive = await self._read(scope, receive)
            except BodyTooLargeError as error:
                await _refuse(send, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, str(error))
                return
            except TimeoutError:
                text = f"The body did not arrive within {SECONDS} seconds."
                await _refuse(send, HTTPStatus.REQUEST_TIMEOUT, text)
                return
            except TooManyBodiesError:
                text = "Too many bodies are being received. Retry in a moment."
                await _refuse(send, HTTPStatus.SERVICE_UNAVAILABLE, text)
                return
        await self._app(scope, receive, send)

    async def _read(self, scope: Scope, receive: Receive) -> Receive:
        n_bytes = 0

        async def counted() -> Message:
            nonlocal n_bytes
            message = await receive()
            size = len(message.get("body", b""))
            n_bytes += size
            self._under_way += size
            if self._under_way > self._most_at_once:
                raise TooManyBodiesError
            return message

        try:
            async with asyncio.timeout(SECONDS):
                whole = await limited(scope, counted, limit_of(scope["path"]), reads_all=True)
        finally:
            self._under_way -= n_bytes
        return receive if whole is counted else whole


def limit_of(path: str) -> int:
    """Return the most bytes that a request to the path may have."""
    first, _, _ = path.removeprefix("/").partition("/")
    return OF_PATHS.get(f"/{first}", MOST_BYTES)


async def _refuse(send: Send, status: HTTPStatus, reason: str) -> None:
    body = json.dumps({"detail": reason}).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": status.value, "headers": headers})
    await send({"type": "http.response.body", "body": body})
