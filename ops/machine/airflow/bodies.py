"""Limits of the bodies that Airflow's API server reads.

Airflow reads a body before it asks who sent it, and has no limit of its own. A plugin of Airflow
(`ops.machine.airflow.plugins`) puts this middleware before all its applications.
"""

import asyncio
import json
from dataclasses import dataclass
from http import HTTPStatus

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.body_limit import limited
from serving.errors import BodyTooLargeError

MOST_BYTES = 1 << 20
MOST_BYTES_WITHOUT_TOKEN = 1 << 16
OF_PATHS = {"/auth": MOST_BYTES_WITHOUT_TOKEN, "/execution": 1 << 22}  # sign-in; tasks' results
MOST_AT_ONCE = 1 << 26  # bytes of all bodies that are under way
SECONDS = 30  # for a body to arrive


class TooManyBodiesError(Exception):
    """The bodies that are under way have too many bytes together, and this one has most."""


@dataclass(eq=False, slots=True)
class _Body:
    """A body that is under way. `is_ended`: it made room for others."""

    timeout: asyncio.Timeout
    n_bytes: int = 0
    is_ended: bool = False

    def end(self) -> None:
        """Let the request that waits for the rest go on at once, with an error."""
        self.is_ended = True
        if not self.timeout.expired():
            self.timeout.reschedule(asyncio.get_running_loop().time())


class BodyLimit:
    """Reads bodies within limits of size, of time, and of memory for all of them.

    A body above the limit of its path is answered with 413, one that has not arrived in time with
    408. If all bodies together need too much memory, the largest is answered with 503, so that no
    slow large body keeps small ones out.
    """

    def __init__(self, app: ASGIApp, *, most_at_once: int = MOST_AT_ONCE) -> None:
        self._app, self._most_at_once = app, most_at_once
        self._under_way = set[_Body]()

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
        body = _Body(asyncio.timeout(SECONDS))

        async def counted() -> Message:
            message = await receive()
            body.n_bytes += len(message.get("body", b""))
            self._make_room()
            if body.is_ended:
                raise TooManyBodiesError
            return message

        self._under_way.add(body)
        try:
            async with body.timeout:
                whole = await limited(scope, counted, _limit(scope), reads_all=True)
        except TimeoutError:
            if body.is_ended:
                raise TooManyBodiesError from None
            raise
        finally:
            self._under_way.discard(body)
        return receive if whole is counted else whole

    def _make_room(self) -> None:
        """End the largest bodies until the others have room."""
        while sum(body.n_bytes for body in self._under_way) > self._most_at_once:
            largest = max(self._under_way, key=lambda body: body.n_bytes)
            self._under_way.remove(largest)
            largest.end()


def limit_of(path: str, *, has_token: bool) -> int:
    """Return the most bytes that a request to the path may have.

    Only a request with a token, which is checked later, may be larger than others are.
    """
    first, _, _ = path.removeprefix("/").partition("/")
    limit = OF_PATHS.get(f"/{first}", MOST_BYTES)
    return limit if has_token or limit <= MOST_BYTES else MOST_BYTES_WITHOUT_TOKEN


def _limit(scope: Scope) -> int:
    tokens = (value for name, value in scope["headers"] if name == b"authorization")
    has_token = any(value.lower().startswith(b"bearer ") for value in tokens)
    return limit_of(scope["path"], has_token=has_token)


async def _refuse(send: Send, status: HTTPStatus, reason: str) -> None:
    body = json.dumps({"detail": reason}).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": status.value, "headers": headers})
    await send({"type": "http.response.body", "body": body})
