"""A random name for each WebSocket, which pages see as a header field.

A WebSocket keeps the cookie of its handshake. So after a sign-in, which gives the browser a new id,
the name says which WebSocket has the new one.
"""

import secrets

from starlette.types import ASGIApp, Receive, Scope, Send

CONNECTION = "x-lantern-connection"
_NAME = CONNECTION.encode()


class Connections:
    """ASGI middleware that names WebSockets, whatever name the client sends."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] == "websocket":
            sent = [(name, value) for name, value in scope["headers"] if name != _NAME]
            named = (_NAME, secrets.token_urlsafe(16).encode())
            scope = {**scope, "headers": [*sent, named]}
        await self._app(scope, receive, send)


def name_of(scope: Scope) -> str | None:
    """Return the name of a WebSocket; None for other requests."""
    if scope["type"] != "websocket":
        return None
    return next((value.decode() for name, value in scope["headers"] if name == _NAME), None)
