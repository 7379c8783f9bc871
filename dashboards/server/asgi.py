"""The app as an ASGI application: `python -m edge.serve dashboards.server.asgi:create_app`.

Middleware checks each request before Streamlit sees it, in this order: the check of `Host`,
`Connections`, which names each WebSocket, `Guards` (origin, closed paths, security headers),
`Messages` (what messages contain), `Sessions` (their number), `MessageRates` (how often messages
come), `Cookies`, which sets the cookie that identifies a browser (`dashboards.identity`), and
`ScriptPath`, which keeps the path of the app from browsers.
"""

from functools import partial
from pathlib import Path

import streamlit as st
from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.types import Scope
from streamlit import config

from dashboards.identity import uploads, visitors
from dashboards.identity.signing import COOKIE
from dashboards.server import connections, cookies, query_log
from dashboards.server.connections import Connections
from dashboards.server.cookies import Cookies
from dashboards.server.guards import Guards
from dashboards.server.message_rates import MessageRates
from dashboards.server.messages import Messages
from dashboards.server.script_path import ScriptPath
from dashboards.server.sessions import Sessions
from dashboards.settings import AppSettings

MEGABYTE = 2**20
SCRIPT = Path(__file__).parents[1] / "app.py"


def create_app(settings: AppSettings | None = None, script: Path = SCRIPT) -> st.App:
    """Return the app, with settings from the environment by default."""
    settings = settings or AppSettings()
    if settings.query_log is not None:
        query_log.keep_in(settings.query_log)
    config.set_option("server.baseUrlPath", settings.base_path.strip("/"))
    config.set_option("server.maxUploadSize", max(settings.max_upload_mb, 1))
    may_upload = partial(_may_upload, settings.max_upload_mb) if settings.max_upload_mb else None
    middleware = [
        Middleware(TrustedHostMiddleware, allowed_hosts=settings.hosts, www_redirect=False),
        Middleware(Connections),
        Middleware(Guards, may_upload=may_upload, picture_hosts=settings.picture_hosts),
        Middleware(Messages, is_signed_in=_is_signed_in, may_upload=may_upload),
        Middleware(
            Sessions,
            limit=settings.max_sessions,
            limit_per_address=settings.max_sessions_per_address,
            kept_seconds=config.get_option("server.disconnectedSessionTTL"),
            is_signed_in=_is_signed_in,
        ),
        Middleware(MessageRates, signed_in_browser=_signed_in_browser),
        Middleware(Cookies, name=COOKIE, renew=visitors.renewed, redeem=visitors.redeemed),
        Middleware(ScriptPath, script=script),
    ]
    return st.App(script, middleware=middleware)


def _may_upload(max_mb: int, scope: Scope, session_id: str) -> bool:
    if scope.get("method") == "PUT" and not has_room(2 * max_mb * MEGABYTE, scope, session_id):
        return False
    browser = _browser(scope)
    return browser is not None and uploads.may_upload(session_id, browser)


def has_room(n_bytes: int, scope: Scope, session_id: str) -> bool:
    """Return whether a session's files have at most so many bytes with the one that arrives."""
    length = Headers(scope=scope).get("content-length", "")
    return length.isdecimal() and uploads.held_bytes(session_id) + int(length) <= n_bytes


def _is_signed_in(scope: Scope) -> bool:
    return _signed_in_browser(scope) is not None


def _signed_in_browser(scope: Scope) -> str | None:
    browser = _browser(scope)
    if browser is None or visitors.BROWSERS.signed_in(browser) is None:
        return None
    return browser


def _browser(scope: Scope) -> str | None:
    """Return the browser of a request: after a sign-in over a WebSocket, the one signed in."""
    cookie = cookies.value_of(scope, COOKIE)
    return visitors.browser_of(cookie, connection=connections.name_of(scope))
