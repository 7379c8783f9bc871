"""One client cannot take all sessions of the app."""

import time
from collections.abc import Iterator

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import WebSocketRoute
from starlette.testclient import TestClient, WebSocketDenialResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket

from dashboards.server.sessions import Sessions, address_of

LIMIT, PER_ADDRESS, KEPT_SECONDS = 10, 3, 60


async def session(websocket: WebSocket) -> None:
    await websocket.accept()
    async for text in websocket.iter_text():
        await websocket.send_text(text)


class Addresses:
    """Middleware that takes the client's address from a header, as uvicorn does."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            scope["client"] = (dict(scope["headers"])[b"address"].decode(), 0)
        await self._app(scope, receive, send)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


@pytest.fixture
def http() -> Iterator[TestClient]:
    limits = Middleware(
        Sessions,
        limit=LIMIT,
        limit_per_address=PER_ADDRESS,
        kept_seconds=KEPT_SECONDS,
        is_signed_in=lambda scope: (b"cookie", b"signed in") in scope["headers"],
    )
    app = Starlette(
        routes=[WebSocketRoute("/", session)], middleware=[Middleware(Addresses), limits]
    )
    with TestClient(app) as client:
        yield client


def status(
    http: TestClient,
    address: str,
    *,
    runs: bool = True,
    cookie: str = "none",
    host: str = "localhost:8501",
) -> int:
    """Open a session, run a page in it, and close it; return the status of the handshake."""
    headers = {"address": address, "cookie": cookie, "host": host}
    try:
        with http.websocket_connect("/", headers=headers) as websocket:
            if runs:
                websocket.send_text("run")
                assert websocket.receive_text() == "run"
    except WebSocketDenialResponse as refused:
        return refused.status_code
    return 101


def test_handshakes_alone_lock_nobody_out(http: TestClient) -> None:
    for _ in range(3 * LIMIT):
        assert status(http, "203.0.113.9", runs=False) == 101


def test_an_address_has_few_sessions_and_others_have_theirs(
    http: TestClient, clock: list[float]
) -> None:
    for _ in range(PER_ADDRESS):
        assert status(http, "203.0.113.9") == 101
    assert status(http, "203.0.113.9") == 429
    assert status(http, "203.0.113.9", runs=False) == 429
    assert status(http, "203.0.113.8") == 101
    assert status(http, "203.0.113.9", cookie="signed in") == 101

    clock[0] += KEPT_SECONDS + 1
    assert status(http, "203.0.113.9") == 101


def test_an_open_session_counts_even_if_it_runs_nothing(http: TestClient) -> None:
    with (
        http.websocket_connect("/", headers={"address": "203.0.113.9"}),
        http.websocket_connect("/", headers={"address": "203.0.113.9"}),
        http.websocket_connect("/", headers={"address": "203.0.113.9"}),
    ):
        assert status(http, "203.0.113.9") == 429
    assert status(http, "203.0.113.9") == 101


def test_the_last_places_are_for_browsers_that_are_signed_in(
    http: TestClient,
) -> None:
    for n in range(LIMIT - 1):
        assert status(http, f"203.0.113.{n}") == 101
    assert status(http, "203.0.113.99") == 503
    assert status(http, "203.0.113.99", cookie="signed in") == 101
    assert status(http, "203.0.113.99", cookie="signed in") == 503


def test_clients_of_this_machine_share_no_limit_of_an_address(http: TestClient) -> None:
    assert {status(http, "127.0.0.1") for _ in range(2 * PER_ADDRESS)} == {101}


def test_a_proxy_that_sends_no_addresses_is_one_client(http: TestClient) -> None:
    for _ in range(PER_ADDRESS):
        assert status(http, "127.0.0.1", host="lantern.example") == 101
    assert status(http, "127.0.0.1", host="lantern.example") == 429


@pytest.mark.parametrize("name", [b"127.0.0.1", b"localhost:8501", b"[::1]:8501"])
def test_a_browser_on_this_machine_asks_for_this_machine(name: bytes) -> None:
    scope = {"type": "websocket", "client": ("127.0.0.1", 1234), "headers": [(b"host", name)]}
    assert address_of(scope) == ""
    assert address_of({**scope, "headers": []}) == "127.0.0.1"


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("127.0.0.1", ""),
        ("::1", ""),
        ("::ffff:127.0.0.1", ""),
        ("unknown", "unknown"),
    ],
)
def test_the_addresses_of_one_client_are_one(host: str, address: str) -> None:
    headers = [(b"host", b"localhost")]
    assert address_of({"type": "websocket", "client": (host, 1), "headers": headers}) == address
