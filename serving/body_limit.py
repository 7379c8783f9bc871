"""Reject bodies above a limit before they are read into memory, with or without a length."""

from collections.abc import Iterable

from starlette.types import Message, Receive, Scope

from serving.errors import BodyTooLargeError


async def limited(
    scope: Scope, receive: Receive, limit: int, *, reads_all: bool = False
) -> Receive:
    """Return a function that receives a body of at most `limit` bytes.

    `Content-Length` is trusted, because the server enforces it. A chunked body is read up to the
    limit and passed on as one message; with `reads_all`, so is any other.

    Raises:
        BodyTooLargeError: the body has more bytes.
    """
    length = _declared_length(scope["headers"])
    is_read = length is None or (reads_all and 0 < length <= limit)
    body = await _read(receive, limit) if is_read else None
    if body is None and (length is None or length > limit):
        raise BodyTooLargeError(f"A body may have at most {limit} bytes.")
    return receive if body is None else _replay(body, receive)


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
