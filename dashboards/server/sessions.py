"""Limits of the number of sessions: in all, and of each client address.

A session counts while its WebSocket is open, and for as long as Streamlit keeps it afterwards if it
has run a page. A WebSocket that closes before its first message does not count any more.
"""

import re
import time
from collections import Counter, deque
from collections.abc import Callable
from ipaddress import ip_address

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from edge.networks import network_of

RESERVED_SHARE = 0.1  # share of the sessions that is reserved for signed-in browsers
PORT = re.compile(r":\d+$")
OWN_NAMES = {"127.0.0.1", "localhost", "[::1]"}


class Sessions:
    """ASGI middleware that answers 503 or 429 to a WebSocket above the limits.

    A tenth of the sessions is reserved for signed-in browsers, which have no limit by address.
    Browsers on this machine have none either, because they share an address.

    Args:
        limit: of all sessions.
        limit_per_address: of the sessions of one client address.
        kept_seconds: how long Streamlit keeps the session of a closed WebSocket.
        is_signed_in: whether a handshake comes from a signed-in browser.
    """

    def __init__(
        self,
        app: ASGIApp,
        limit: int,
        limit_per_address: int,
        kept_seconds: float,
        is_signed_in: Callable[[Scope], bool],
    ) -> None:
        self._app = app
        self._limit = limit
        self._limit_per_address = limit_per_address
        self._kept_seconds = kept_seconds
        self._is_signed_in = is_signed_in
        self._n_by_address = Counter[str]()  # open, or closed lately
        self._closed: deque[tuple[float, str]] = deque()  # times and addresses

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse a WebSocket, or pass the request on."""
        if scope["type"] != "websocket":
            await self._app(scope, receive, send)
            return
        address = address_of(scope)
        self._drop_old()
        status = self._refusal(scope, address)
        if status is None:
            await self._run(address, scope, receive, send)
        else:
            answer = PlainTextResponse("Too many sessions are open.", status)
            answer.headers["connection"] = "close"
            await answer(scope, receive, send)

    def _refusal(self, scope: Scope, address: str) -> int | None:
        n_sessions = self._n_by_address.total()
        if self._is_signed_in(scope):
            return 503 if n_sessions >= self._limit else None
        if n_sessions >= self._limit * (1 - RESERVED_SHARE):
            return 503
        is_at_limit = self._n_by_address[address] >= self._limit_per_address
        return 429 if is_at_limit and address else None

    async def _run(self, address: str, scope: Scope, receive: Receive, send: Send) -> None:
        has_run = False

        async def receive_noting_messages() -> Message:
            nonlocal has_run
            message = await receive()
            has_run = has_run or message["type"] == "websocket.receive"
            return message

        self._n_by_address[address] += 1
        try:
            await self._app(scope, receive_noting_messages, send)
        finally:
            if has_run:
                self._closed.append((time.monotonic(), address))
            else:
                self._forget(address)

    def _drop_old(self) -> None:
        oldest_kept = time.monotonic() - self._kept_seconds
        while self._closed and self._closed[0][0] < oldest_kept:
            self._forget(self._closed.popleft()[1])

    def _forget(self, address: str) -> None:
        self._n_by_address[address] -= 1
        if not self._n_by_address[address]:
            del self._n_by_address[address]


def address_of(scope: Scope) -> str:
    """Return the client's address, of IPv6 its prefix; empty for a browser on this machine.

    Behind a proxy that the settings trust, uvicorn has put the client's address in place of the
    proxy's. If a proxy on this machine does not send it, its clients share one address: they ask
    for another host.
    """
    client = network_of(scope["client"][0] if scope.get("client") else "")
    if not _is_loopback(client):
        return client
    name = PORT.sub("", Headers(scope=scope).get("host", ""))
    return "" if name in OWN_NAMES else client


def _is_loopback(client: str) -> bool:
    try:
        return ip_address(client).is_loopback
    except ValueError:
        return False
