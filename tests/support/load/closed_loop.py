"""One process that keeps many connections busy: each sends its next request once it has an answer.

It costs a request some 30 microseconds, so what is measured is the server and not a dozen clients.
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
class Ask:
    """A request: what kind it is counted as, and its bytes."""

    kind: str
    sent: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; `seconds` from the first byte sent to the last one read."""

    kind: str
    status: int
    seconds: float
    body: bytes


@dataclass(slots=True)
class _Line:
    """A connection, and what it waits for."""

    socket: socket.socket
    ask: Ask
    began: float
    got: bytearray = field(default_factory=bytearray)


def request(kind: str, method: str, path: str, headers: dict[str, str], body: Any = None) -> Ask:
    """Return a request as it is sent; a body is sent as JSON."""
    content = b"" if body is None else json.dumps(body).encode()
    head = {"Host": "bench", "Content-Length": str(len(content))} | headers
    if body is not None:
        head["Content-Type"] = "application/json"
    lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
    return Ask(kind, f"{method} {path} HTTP/1.1\r\n{lines}\r\n".encode() + content)


def drive(
    addresses: Sequence[tuple[str, int]],
    ask: Callable[[], Ask],
    *,
    connections: int,
    seconds: float,
    see: Callable[[Answer], None] = lambda _: None,
) -> list[Answer]:
    """Return every answer, without its body: `see` is shown the whole of it.

    Connections are spread over the addresses, which are all of one server's processes.

    Raises:
        ConnectionError: the server hung up.
    """
    answers: list[Answer] = []
    until = time.perf_counter() + seconds
    with selectors.DefaultSelector() as waiting:
        for number in range(connections):
            address = addresses[number % len(addresses)]
            line = _Line(socket.create_connection(address), ask(), 0)
            line.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            waiting.register(line.socket, selectors.EVENT_READ, line)
            _send(line)
        while waiting.get_map():
            for key, _ in waiting.select():
                line = key.data
                answer = _received(line)
                if answer is None:
                    continue
                see(answer)
                answers.append(Answer(answer.kind, answer.status, answer.seconds, b""))
                if time.perf_counter() < until:
                    line.ask = ask()
                    _send(line)
                else:
                    waiting.unregister(line.socket)
                    line.socket.close()
    return answers


def percentiles(answers: Sequence[Answer], *shares: float) -> list[float]:
    """Return these percentiles of the milliseconds."""
    return [float(x) for x in 1000 * np.percentile([one.seconds for one in answers], shares)]


def changing(
    change: Callable[[], None], after: float, load: Callable[[], list[Answer]]
) -> list[Answer]:
    """Return the answers of a load during which `change` is called, after so many seconds."""
    never = Event()

    def later() -> None:
        never.wait(after)
        change()

    with ThreadPoolExecutor(1) as beside:
        changed = beside.submit(later)
        answers = load()
        changed.result()
    return answers


def _send(line: _Line) -> None:
    line.got.clear()
    line.began = time.perf_counter()
    line.socket.sendall(line.ask.sent)


def _received(line: _Line) -> Answer | None:
    """Read what is there; return the answer once it is whole."""
    piece = line.socket.recv(1 << 18)
    if not piece:
        raise ConnectionError(f"{line.ask.kind}: the server hung up after {bytes(line.got)!r}")
    line.got += piece
    head, end, body = bytes(line.got).partition(_END_OF_HEAD)
    if not end or not _is_whole(head.lower(), body):
        return None
    return Answer(line.ask.kind, int(head[9:12]), time.perf_counter() - line.began, body)


def _is_whole(head: bytes, body: bytes) -> bool:
    _, named, length = head.partition(b"content-length:")
    if named:
        return len(body) >= int(length.split(b"\r\n", 1)[0])
    return body.endswith(_LAST_CHUNK)
