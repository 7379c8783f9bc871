"""Reject bodies above a limit before they are read into memory, with or without a length."""

from collections.abc import Iterable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.api import problems
from serving.errors import BodyTooLargeError


class BodyLimit:
    """ASGI middleware: answers 413 to a body of more than `limit` bytes.

    It trusts `Content-Length`, because the server enforces it. It reads a chunked body up to the
    limit and passes it on as one message.
    """

    def __init__(self, app: ASGIApp, limit: int) -> None:
        self._app = app
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Reject the body, or pass the request to the app."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        length = _declared_length(scope["headers"])
        body = await _read(receive, self._limit) if length is None else None
        if body is None and (length is None or length > self._limit):
            await self._reject(scope, receive, send)
        else:
            await self._app(scope, receive if body is None else _replay(body, receive), send)

    async def _reject(self, scope: Scope, receive: Receive, send: Send) -> None:
        too_large = BodyTooLargeError(f"A body may have at most {self._limit} bytes.")
        answer = problems.response(scope["path"], too_large)
        answer.headers["Connection"] = "close"  # else the rest of the body must be read
        await answer(scope, receive, send)


def _declared_length(headers: Iterable[tuple[bytes, bytes]]) -> int | None:
    """Return the body's declared length; 0 without a body, None if it is chunked."""
    length: int | None = 0
    for name, value in headers:
        if name == b"transfer-encoding":
            return None
        if name == b"content-length":
            length = int(value) if value.isdigit() else None
    return length


async def _read(receive: Receive, limit: int) -> Message | None:
    """Return the body as one message, or None above the limit."""
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return message
        body += message.get("body", b"")
        if len(body) > limit:
            return None
        if not message.get("more_body", False):
            return {"type": "http.request", "body": bytes(body), "more_body": False}


def _replay(message: Message, receive: Receive) -> Receive:
    messages = [message]

    async def replay() -> Message:
        return messages.pop() if messages else await receive()

    return replay
