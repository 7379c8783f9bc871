"""An HTTP-only cookie per browser, set when a browser opens a page of the app.

A sign-in replaces it: a cookie from before it may be known to others. The page has the browser send
a ticket, and the answer has the new cookie.

A page reads the cookie from the handshake of its WebSocket. So it sees a changed cookie only after
a reload.

Behind TLS the cookie's name has the prefix `__Host-`. Browsers accept such a cookie only over TLS
and only from this host. So a neighbouring host name cannot plant the cookie of another browser, and
then share what an operator signs in to. Pages see the name without the prefix.
"""

from collections.abc import Callable
from http import HTTPStatus

from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

RENEWAL_PATH = "/_lantern/cookie"
TICKET = "x-lantern-ticket"
YEAR_SECONDS = 365 * 24 * 3600
HOST_PREFIX = "__Host-"  # RFC 6265bis, 4.1.3.2
PAGE = {HTTPStatus.OK, HTTPStatus.NOT_MODIFIED}


class Cookies:
    """ASGI middleware that sets a cookie with the answers to GET requests for HTML.

    The cookie is `HttpOnly`, `SameSite=Lax`, and `Secure` behind TLS.

    Args:
        renew: gets the value that the browser has sent, None without a cookie; returns the value to
            set, or None to leave the cookie as it is. A browser can send any text, so `renew` has
            to check a signature.
        redeem: gets a ticket from `TICKET` of a POST to `RENEWAL_PATH`, and the value that the
            browser has sent; returns the value to set, or None to refuse.
    """

    def __init__(
        self,
        app: ASGIApp,
        name: str,
        renew: Callable[[str | None], str | None],
        redeem: Callable[[str, str | None], str | None],
    ) -> None:
        self._app = app
        self._name = name
        self._renew = renew
        self._redeem = redeem

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; add the cookie to an answer that is a page."""
        if scope["type"] == "websocket" and scope["scheme"] == "wss":
            scope = self._without_prefix(scope)
        if scope["type"] == "http" and scope["path"].endswith(RENEWAL_PATH):
            await self._exchanged(scope)(scope, receive, send)
            return
        if scope["type"] != "http" or not _is_for_a_page(connection := HTTPConnection(scope)):
            await self._app(scope, receive, send)
            return

        name, is_secure = self._sent_name(scope), scope["scheme"] == "https"

        async def send_with_cookie(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] in PAGE:
                value = self._renew(connection.cookies.get(name))
                if value is not None:
                    headers = MutableHeaders(scope=message)
                    headers["cache-control"] = "private, no-cache"  # no proxy may share the cookie
                    headers.append("set-cookie", self._cookie(name, value, is_secure=is_secure))
            await send(message)

        await self._app(scope, receive, send_with_cookie)

    def _exchanged(self, scope: Scope) -> Response:
        """Return an answer with the new cookie of a browser that has a ticket, else 404."""
        connection, name = HTTPConnection(scope), self._sent_name(scope)
        ticket = connection.headers.get(TICKET)
        if scope["method"] != "POST" or ticket is None:
            return Response(status_code=404)
        value = self._redeem(ticket, connection.cookies.get(name))
        if value is None:
            return Response(status_code=404)
        cookie = self._cookie(name, value, is_secure=scope["scheme"] == "https")
        return Response(
            status_code=204, headers={"set-cookie": cookie, "cache-control": "no-store"}
        )

    def _sent_name(self, scope: Scope) -> str:
        return f"{HOST_PREFIX}{self._name}" if scope["scheme"] == "https" else self._name

    def _without_prefix(self, scope: Scope) -> Scope:
        """Return the scope with the cookie under its plain name, and no other of that name."""
        cookies = HTTPConnection(scope).cookies
        cookies.pop(self._name, None)
        prefixed = cookies.pop(f"{HOST_PREFIX}{self._name}", None)
        if prefixed is not None:
            cookies[self._name] = prefixed
        header = "; ".join(f"{name}={value}" for name, value in cookies.items())
        others = [(name, value) for name, value in scope["headers"] if name != b"cookie"]
        return {**scope, "headers": [*others, (b"cookie", header.encode("latin-1", "replace"))]}

    def _cookie(self, name: str, value: str, *, is_secure: bool) -> str:
        answer = Response()
        answer.set_cookie(
            name,
            value,
            max_age=YEAR_SECONDS,
            httponly=True,
            samesite="lax",
            secure=is_secure,
        )
        return answer.headers["set-cookie"]


def value_of(scope: Scope, name: str) -> str | None:
    """Return the cookie of this plain name that a request carries; None without one."""
    prefix = HOST_PREFIX if scope["scheme"] in {"https", "wss"} else ""
    return HTTPConnection(scope).cookies.get(f"{prefix}{name}")


def _is_for_a_page(connection: HTTPConnection) -> bool:
    is_get: bool = connection.scope["method"] == "GET"
    return is_get and "text/html" in connection.headers.get("accept", "")
