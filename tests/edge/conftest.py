"""A server with small limits and a small app."""

import socket
from collections.abc import Callable, Iterator
from threading import Thread

import pytest
import uvicorn
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket

from edge.serve import configuration
from edge.settings import EdgeSettings
from tests.support.waiting import wait_until

LIMITS = EdgeSettings(
    max_connections=4,
    max_header_bytes=2000,
    max_header_fields=10,
    header_seconds=0.3,
    body_seconds=1.5,
    read_seconds=0.5,
    keep_alive_seconds=5,
)
LARGE = 20_000_000  # bytes
Connect = Callable[[], socket.socket]


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with the length of the body; to `/large` with more than the system's buffers hold.

    The answer of `/empty` has no body, and that of `/breaks` only a header. A WebSocket gets the
    length of each of its messages.
    """
    if scope["type"] == "websocket":
        await _echo_lengths(WebSocket(scope, receive, send))
        return
    if scope["path"] == "/large":
        await PlainTextResponse(b"x" * LARGE)(scope, receive, send)
        return
    if scope["path"] == "/empty":
        await Response(status_code=204)(scope, receive, send)
        return
    if scope["path"] == "/breaks":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise ConnectionAbortedError
    body = await Request(scope, receive).body()
    await PlainTextResponse(f"{len(body)} bytes")(scope, receive, send)


async def _echo_lengths(websocket: WebSocket) -> None:
    await websocket.accept()
    async for message in websocket.iter_bytes():
        await websocket.send_text(f"{len(message)} bytes")


@pytest.fixture(scope="module")
def server() -> Iterator[uvicorn.Server]:
    """A running server with the limits above."""
    config = configuration(echo, LIMITS, websockets=True, logging=None)
    config.lifespan = "off"
    server = uvicorn.Server(config)
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        thread = Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        wait_until(lambda: server.started, "server", timeout=20, pause=0.01)
        yield server
        server.should_exit = True
        thread.join(timeout=20)


@pytest.fixture(scope="module")
def port(server: uvicorn.Server) -> int:
    """The port of the server."""
    port: int = server.servers[0].sockets[0].getsockname()[1]
    return port


@pytest.fixture
def connect(port: int) -> Iterator[Connect]:
    """A function that returns a new connection; all are closed at the end."""
    connections: list[socket.socket] = []

    def connect() -> socket.socket:
        connections.append(socket.create_connection(("127.0.0.1", port), timeout=5))
        return connections[-1]

    yield connect
    for connection in connections:
        connection.close()
