"""Bodies that are too long are refused before they are in memory, whether they say so or not."""

from collections.abc import Iterable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.api import problems


class BodyLimit:
    """ASGI middleware: answers 413 to a body of more than `most` bytes.

    A declared length is believed, since the server holds clients to it. A body in chunks is read
    here, up to the limit, and handed on as a whole.
    """

    def __init__(self, app: ASGIApp, most: int) -> None:
        self._app = app
        self._most = most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or let the app do so."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        length = _declared(scope["headers"])
        body = await _read(receive, self._most) if length is None else None
        if body is None and (length is None or length > self._most):
            await self._refused(scope, receive, send)
        else:
            await self._app(scope, receive if body is None else _replayed(body, receive), send)

    async def _refused(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer = problems.answer(
            scope["path"],
            413,
            "body-too-large",
            title="The body is too large",
            detail=f"A body may have {self._most} bytes.",
            next_step="Send less; the operator may raise API_MAX_BODY_BYTES.",
        )
        answer.headers["Connection"] = "close"  # or the rest of the body would have to be read
        await answer(scope, receive, send)


def _declared(headers: Iterable[tuple[bytes, bytes]]) -> int | None:
    """Return the body's length, 0 where there is none; None where only its end will tell."""
    length: int | None = 0
    for name, value in headers:
        if name == b"transfer-encoding":
            return None
        if name == b"content-length":
            length = int(value) if value.isdigit() else None
    return length


async def _read(receive: Receive, most: int) -> Message | None:
    """Return the whole body as one message; None if it is too long."""
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return message
        body += message.get("body", b"")
        if len(body) > most:
            return None
        if not message.get("more_body", False):
            return {"type": "http.request", "body": bytes(body), "more_body": False}


def _replayed(message: Message, receive: Receive) -> Receive:
    waiting = [message]

    async def again() -> Message:
        return waiting.pop() if waiting else await receive()

    return again
