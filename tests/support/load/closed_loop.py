"""One process that drives many connections: each sends its next request after an answer.

It needs about 30 microseconds per request, so the server is measured, not the client.
"""

import json
import selectors
import socket
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Event
from typing import Any

import numpy as np

_END_OF_HEAD, _LAST_CHUNK = b"\r\n\r\n", b"0\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Request:
    """A request: its kind in the report, and its bytes."""

    kind: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to a request; `seconds` from the first byte sent to the last one read."""

    kind: str
    status: int
    seconds: float
    body: bytes


@dataclass(slots=True)
class _Connection:
    """A connection, its open request, and the bytes of the answer so far."""

    socket: socket.socket
    request: Request
    sent_at: float = 0
    received: bytearray = field(default_factory=bytearray)


def request(
    kind: str, method: str, path: str, headers: dict[str, str], body: Any = None
) -> Request:
    """Return an HTTP request; a body is sent as JSON."""
    content = b"" if body is None else json.dumps(body).encode()
    headers = {"Host": "localhost", "Content-Length": str(len(content))} | headers
    if body is not None:
        headers["Content-Type"] = "application/json"
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return Request(kind, f"{method} {path} HTTP/1.1\r\n{lines}\r\n".encode() + content)


def drive(
    addresses: Sequence[tuple[str, int]],
    next_request: Callable[[], Request],
    *,
    connections: int,
    seconds: float,
    check: Callable[[Answer], None] = lambda _: None,
) -> list[Answer]:
    """Return all answers without their bodies; `check` is called with each complete answer.

    Connections are spread over the addresses, which belong to processes of one server.

    Raises:
        ConnectionError: the server closed a connection.
    """
    answers: list[Answer] = []
    deadline = time.perf_counter() + seconds
    with selectors.DefaultSelector() as selector:
        for number in range(connections):
            address = addresses[number % len(addresses)]
            connection = _Connection(socket.create_connection(address), next_request())
            connection.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            selector.register(connection.socket, selectors.EVENT_READ, connection)
            _send(connection)
        while selector.get_map():
            for key, _ in selector.select():
                connection = key.data
                answer = _received(connection)
                if answer is None:
                    continue
                check(answer)
                answers.append(Answer(answer.kind, answer.status, answer.seconds, b""))
                if time.perf_counter() < deadline:
                    connection.request = next_request()
                    _send(connection)
                else:
                    selector.unregister(connection.socket)
                    connection.socket.close()
    return answers


def percentiles(answers: Sequence[Answer], *percents: float) -> list[float]:
    """Return percentiles of the durations, in milliseconds."""
    return [float(x) for x in 1000 * np.percentile([a.seconds for a in answers], percents)]


def load_with_change(
    load: Callable[[], list[Answer]], change: Callable[[], None], *, after: float
) -> list[Answer]:
    """Return the answers of a load during which `change` is called, `after` seconds."""

    def change_later() -> None:
        Event().wait(after)
        change()

    with ThreadPoolExecutor(1) as executor:
        changed = executor.submit(change_later)
        answers = load()
        changed.result()
    return answers


def _send(connection: _Connection) -> None:
    connection.received.clear()
    connection.sent_at = time.perf_counter()
    connection.socket.sendall(connection.request.content)


def _received(connection: _Connection) -> Answer | None:
    """Read what has arrived; return the answer when it is complete."""
    kind, received = connection.request.kind, connection.received
    chunk = connection.socket.recv(1 << 18)
    if not chunk:
        raise ConnectionError(f"{kind}: the server closed the connection after {bytes(received)!r}")
    received += chunk
    head, end, body = bytes(received).partition(_END_OF_HEAD)
    if not end or not _is_complete(head.lower(), body):
        return None
    return Answer(kind, int(head[9:12]), time.perf_counter() - connection.sent_at, body)


def _is_complete(head: bytes, body: bytes) -> bool:
    _, has_length, length = head.partition(b"content-length:")
    if has_length:
        return len(body) >= int(length.split(b"\r\n", 1)[0])
    return body.endswith(_LAST_CHUNK)
