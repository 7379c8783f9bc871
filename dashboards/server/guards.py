"""Checks of every request before Streamlit sees it, and security headers of every answer.

- A request from a web page of another origin is refused. Streamlit's own check of origins would
  ask a public server for this machine's address, and block all sessions until it answers.
- Streamlit's agent API, metrics and sign-in are not used: their paths get 404. So does an upload,
  except of a file in a session that shows the uploader to an operator.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from urllib.parse import urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

CLOSED = (
    "/_stcore/agent/",
    "/_stcore/metrics",
    "/_stcore/upload_file",
    "/auth/",
    "/oauth2callback",
)
UPLOAD = re.compile(r"/_stcore/upload_file/(?P<session>[\w-]{1,100})/[\w-]{1,100}$", re.ASCII)
# Vega compiles charts to functions, and components are modules from blobs.
POLICY = (
    "default-src 'self'; "
    "script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; "
    "style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:{pictures}; "
    "font-src 'self' data:; "
    "worker-src 'self' blob:; "
    "object-src 'none'; "
    "base-uri 'self'; "
    "form-action 'self'; "
    "frame-ancestors 'none'"
)


def policy(picture_hosts: Sequence[str] = ()) -> str:
    """Return the content security policy of pages that may show pictures of these hosts."""
    return POLICY.format(pictures="".join(f" https://{host}" for host in picture_hosts))


SECURITY_HEADERS = {
    "content-security-policy": policy(),
    "cross-origin-opener-policy": "same-origin",  # the page that opened this one cannot reach it
    "referrer-policy": "same-origin",
    "x-frame-options": "DENY",
}


class Guards:
    """ASGI middleware that refuses requests and adds security headers: see the module.

    Args:
        may_upload: whether a request may upload a file to the session of this id; by default none
            may. It runs in a thread.
        picture_hosts: hosts from which pages may show pictures, besides their own.
    """

    def __init__(
        self,
        app: ASGIApp,
        may_upload: Callable[[Scope, str], bool] | None = None,
        picture_hosts: Sequence[str] = (),
    ) -> None:
        self._app = app
        self._may_upload = may_upload
        self._headers = SECURITY_HEADERS | {"content-security-policy": policy(picture_hosts)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse the request, or pass it on."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        send = _with_headers(self._headers, send)
        headers = Headers(scope=scope)
        if not is_own_origin(headers):
            await _refuse(403, "This origin may not use the app.", scope, receive, send)
        elif is_closed(scope) and not await self._is_permitted_upload(scope):
            await _refuse(404, "Not Found", scope, receive, send)
        else:
            await self._app(_without_origin(scope), receive, send)

    async def _is_permitted_upload(self, scope: Scope) -> bool:
        upload = UPLOAD.search(scope["path"])
        if upload is None or self._may_upload is None or scope["type"] != "http":
            return False
        if scope["method"] not in {"PUT", "DELETE"}:
            return False
        return await run_in_threadpool(self._may_upload, scope, upload["session"])


def is_own_origin(headers: Headers) -> bool:
    """Return whether a request comes from a page of this app, or from no page.

    Behind a proxy, `Host` must be the name that browsers use.
    """
    origins = headers.getlist("origin")
    if not origins:
        return True
    try:
        split = urlsplit(origins[0])
    except ValueError:  # such as `http://[`
        return False
    is_http = split.scheme in {"http", "https"}
    return len(origins) == 1 and is_http and split.netloc == headers.get("host")


def is_closed(scope: Scope) -> bool:
    """Return whether nothing answers at the path."""
    return any(closed in scope["path"] for closed in CLOSED)


def _without_origin(scope: Scope) -> Scope:
    """Return the scope of a WebSocket without `Origin`.

    It was checked, and Streamlit's own check may use the net.
    """
    if scope["type"] == "http":
        return scope
    headers = [(name, value) for name, value in scope["headers"] if name != b"origin"]
    return {**scope, "headers": headers}


def _with_headers(security: Mapping[str, str], send: Send) -> Send:
    async def send_with_headers(message: Message) -> None:
        if message["type"] in {"http.response.start", "websocket.http.response.start"}:
            headers = MutableHeaders(scope=message)
            for name, value in security.items():
                headers.setdefault(name, value)
        await send(message)

    return send_with_headers


async def _refuse(status: int, text: str, scope: Scope, receive: Receive, send: Send) -> None:
    await PlainTextResponse(text, status, headers={"connection": "close"})(scope, receive, send)
