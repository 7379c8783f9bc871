"""Messages above a rate limit wait."""

import asyncio
from collections.abc import Iterator

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket

from dashboards.server import message_rates
from dashboards.server.message_rates import (
    ADDRESS_BURST,
    ADDRESS_PER_SECOND,
    BURST,
    LOUD_BURST,
    LOUD_PER_SECOND,
    PER_SECOND,
    QUIET_BURST,
    MessageRates,
)
from tests.dashboards.server.test_sessions import Addresses

NO_TIME = 1e-6  # seconds: an error of rounding
ADDRESS = "203.0.113.9"


async def session(websocket: WebSocket) -> None:
    await websocket.accept()
    async for text in websocket.iter_text():
        await websocket.send_text(text)


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that messages wait, by a clock which those waits move on."""
    now, waits = [1000.0], list[float]()

    async def passed(seconds: float) -> None:
        if seconds > NO_TIME:
            waits.append(seconds)
        now[0] += seconds
        await asyncio.sleep(0)

    # of this module only: servers of other tests may run in this process
    monkeypatch.setattr(message_rates, "monotonic", lambda: now[0])
    monkeypatch.setattr(message_rates, "sleep", passed)
    return waits


@pytest.fixture
def http() -> Iterator[TestClient]:
    rates = Middleware(
        MessageRates,
        signed_in_browser=lambda scope: dict(scope["headers"])[b"cookie"].decode() or None,
    )
    app = Starlette(
        routes=[WebSocketRoute("/", session)], middleware=[Middleware(Addresses), rates]
    )
    with TestClient(app) as client:
        yield client


def headers(address: str, browser: str = "") -> dict[str, str]:
    return {"address": address, "cookie": browser, "host": "localhost:8501"}


def send(http: TestClient, n_messages: int, address: str = ADDRESS, browser: str = "") -> None:
    """Send messages from a new tab."""
    with http.websocket_connect("/", headers=headers(address, browser)) as websocket:
        for _ in range(n_messages):
            websocket.send_text("run")
            assert websocket.receive_text() == "run"


def test_a_tab_that_sends_quickly_waits(http: TestClient, waits: list[float]) -> None:
    send(http, BURST)
    assert waits == []

    send(http, BURST + 5)
    assert waits == pytest.approx([1 / PER_SECOND] * 5)


def test_the_tabs_of_an_address_or_of_a_signed_in_browser_share_a_limit(
    http: TestClient, waits: list[float]
) -> None:
    """It holds on while none of them is open."""
    for address, browser in ((ADDRESS, ""), (ADDRESS, "maya"), ("127.0.0.1", "jonas")):
        for _ in range(ADDRESS_BURST // BURST):
            send(http, BURST, address, browser)
        assert waits == []
        send(http, 1, address, browser)
        assert waits == pytest.approx([1 / ADDRESS_PER_SECOND])
        waits.clear()


def test_the_limits_of_few_clients_are_kept(
    http: TestClient, waits: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(message_rates, "KEPT_CLIENTS", 1)
    for _ in range(ADDRESS_BURST // BURST):
        send(http, BURST)

    send(http, 1, "203.0.113.10")
    send(http, 1)

    assert waits == []


def test_loud_addresses_slow_each_other_and_no_quiet_or_signed_in_visitor(
    http: TestClient, waits: list[float]
) -> None:
    loud = ("203.0.113.1", "203.0.113.2", "203.0.113.3")
    n_quick = LOUD_BURST + 2 * QUIET_BURST
    sent = 0
    for address in loud[:2]:
        for _ in range(n_quick // 2 // 10):
            send(http, 10, address)
            sent += 10
    assert (sent, waits) == (n_quick, [])
    send(http, QUIET_BURST, loud[2])
    assert waits == []

    send(http, 1, loud[2])
    assert waits == pytest.approx([1 / LOUD_PER_SECOND])
    waits.clear()
    send(http, QUIET_BURST, "203.0.113.4")
    send(http, BURST, loud[0], "maya")
    assert waits == []


def test_clients_of_this_machine_share_no_limit(http: TestClient, waits: list[float]) -> None:
    with http.websocket_connect("/", headers=headers("127.0.0.1")):
        for _ in range(2 * ADDRESS_BURST // BURST):
            send(http, BURST, "127.0.0.1")
    assert waits == []
