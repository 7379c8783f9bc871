"""Limits of how often browsers send messages: most of them run a page.

A message above a limit waits before Streamlit gets it. Meanwhile nothing more of its WebSocket is
read, so a client cannot send faster than its messages are taken.
"""

from asyncio import sleep
from collections import OrderedDict
from collections.abc import Callable
from time import monotonic

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dashboards.server.sessions import address_of

PER_SECOND, BURST = 5.0, 20  # messages of one WebSocket
ADDRESS_PER_SECOND, ADDRESS_BURST = 6.0, 60  # of all of a client address, or signed-in browser
# Messages of an address up to the rate of a quiet visitor. Those above it are loud.
QUIET_PER_SECOND, QUIET_BURST = 0.5, 20
LOUD_PER_SECOND, LOUD_BURST = 6.0, 60  # loud messages of all addresses together
KEPT_CLIENTS = 10_000  # whose rate limit is known: 2 MB
_ROUNDING_SECONDS = 1e-6  # larger than the rounding error of a difference of times


class Rate:
    """A rate limit of one client: a token bucket of `burst` messages."""

    def __init__(self, per_second: float, burst: int) -> None:
        self._seconds_each = 1 / per_second
        self._burst_seconds = burst / per_second
        self._full_at = 0.0

    def wait_seconds(self) -> float:
        """Count one message; return the seconds that it has to wait."""
        now = monotonic()
        self._full_at = max(self._full_at, now) + self._seconds_each
        return max(0.0, self._full_at - now - self._burst_seconds)

    def has_room(self) -> bool:
        """Count one message if it need not wait; return whether it was counted."""
        now = monotonic()
        full_at = max(self._full_at, now) + self._seconds_each
        if full_at - now > self._burst_seconds + _ROUNDING_SECONDS:
            return False
        self._full_at = full_at
        return True


class ClientRate(Rate):
    """The rate limit of a client address, or of a signed-in browser.

    Args:
        loud: the limit that the loud messages of all addresses share, so addresses that send many
            messages slow each other only. None for a signed-in browser.
    """

    def __init__(self, loud: Rate | None) -> None:
        super().__init__(ADDRESS_PER_SECOND, ADDRESS_BURST)
        self._quiet = Rate(QUIET_PER_SECOND, QUIET_BURST)
        self._loud = loud

    def wait_seconds(self) -> float:
        """Count one message; return the seconds that it has to wait."""
        seconds = super().wait_seconds()
        if self._loud is None or self._quiet.has_room():
            return seconds
        return max(seconds, self._loud.wait_seconds())


class MessageRates:
    """ASGI middleware that delays the messages of WebSockets above the rate limits.

    Clients on this machine share an address, so they have the limit of a WebSocket only.

    Args:
        signed_in_browser: returns the id of the browser of a handshake if it is signed in. It has
            the limit of an address for itself.
    """

    def __init__(self, app: ASGIApp, signed_in_browser: Callable[[Scope], str | None]) -> None:
        self._app = app
        self._signed_in_browser = signed_in_browser
        self._rates = OrderedDict[str, ClientRate]()  # also of clients that come back
        self._loud = Rate(LOUD_PER_SECOND, LOUD_BURST)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, with its messages when the rate limits let them."""
        if scope["type"] != "websocket":
            await self._app(scope, receive, send)
            return
        rates = [Rate(PER_SECOND, BURST), *self._shared(scope)]

        async def receive_in_time() -> Message:
            message = await receive()
            if message["type"] == "websocket.receive":
                seconds = max([rate.wait_seconds() for rate in rates])
                if seconds:
                    await sleep(seconds)
            return message

        await self._app(scope, receive_in_time, send)

    def _shared(self, scope: Scope) -> list[Rate]:
        """Return the rate limit of the client's address or browser, if it has one."""
        browser = self._signed_in_browser(scope)
        client = f"browser {browser}" if browser else address_of(scope)
        if not client:
            return []
        rate = self._rates.setdefault(client, ClientRate(None if browser else self._loud))
        self._rates.move_to_end(client)
        if len(self._rates) > KEPT_CLIENTS:
            self._rates.popitem(last=False)  # the one that opened no WebSocket for longest
        return [rate]
