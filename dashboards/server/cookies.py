"""An HTTP-only cookie per browser, set when a browser opens a page of the app.

A page reads the cookie from the handshake of its WebSocket. So it sees a changed cookie only after
a reload.
"""

from collections.abc import Callable
from http import HTTPStatus

from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

YEAR_SECONDS = 365 * 24 * 3600
PAGE = {HTTPStatus.OK, HTTPStatus.NOT_MODIFIED}


class Cookies:
    """ASGI middleware that sets a cookie with the answers to GET requests for HTML.

    The cookie is `HttpOnly`, `SameSite=Lax`, and `Secure` behind TLS.

    Args:
        app: the next application.
        name: of the cookie.
        renew: gets the value that the browser has sent, None without a cookie; returns the value to
            set, or None to leave the cookie as it is. A browser can send any text, so `renew` has
            to check a signature.
        max_age: lifetime of the cookie in seconds.
    """

    def __init__(
        self,
        app: ASGIApp,
        name: str,
        renew: Callable[[str | None], str | None],
        max_age: int = YEAR_SECONDS,
    ) -> None:
        self._app = app
        self._name = name
        self._renew = renew
        self._max_age = max_age

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; add the cookie to an answer that is a page."""
        if scope["type"] != "http" or not _is_for_a_page(connection := HTTPConnection(scope)):
            await self._app(scope, receive, send)
            return

        async def send_with_cookie(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] in PAGE:
                value = self._renew(connection.cookies.get(self._name))
                if value is not None:
                    message["headers"] = [*message["headers"], self._cookie(value, scope["scheme"])]
            await send(message)

        await self._app(scope, receive, send_with_cookie)

    def _cookie(self, value: str, scheme: str) -> tuple[bytes, bytes]:
        answer = Response()
        answer.set_cookie(
            self._name,
            value,
            max_age=self._max_age,
            httponly=True,
            samesite="lax",
            secure=scheme == "https",
        )
        [cookie] = [header for header in answer.raw_headers if header[0] == b"set-cookie"]
        return cookie


def _is_for_a_page(connection: HTTPConnection) -> bool:
    is_get: bool = connection.scope["method"] == "GET"
    return is_get and "text/html" in connection.headers.get("accept", "")
