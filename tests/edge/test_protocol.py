"""Slow, endless and oversized requests end their connection; others are answered."""

import asyncio
import socket
import time
from contextlib import suppress

import pytest
import uvicorn

from edge.protocol import CONTINUE, MAX_WAITING, OneWrite
from tests.edge.conftest import LARGE, LIMITS, Connect
from tests.support.waiting import wait_until

GET = b"GET / HTTP/1.1\r\nHost: x\r\n"
PUT = b"PUT / HTTP/1.1\r\nHost: x\r\n"


def answer(connection: socket.socket) -> bytes:
    """Return what the server sends until it closes the connection or has sent an answer."""
    received = b""
    while (part := connection.recv(65536)) and b"bytes" not in received + part:
        received += part
    return received + part


def received(connection: socket.socket) -> bytes:
    """Return all that the server sends until it closes the connection."""
    parts = []
    with suppress(ConnectionResetError):
        while part := connection.recv(65536):
            parts.append(part)
    return b"".join(parts)


def test_requests_are_answered_on_one_connection(connect: Connect) -> None:
    connection = connect()
    for length in (0, 5, 100_000):
        body = b"x" * length
        connection.sendall(PUT + f"Content-Length: {length}\r\n\r\n".encode() + body)
        assert answer(connection).endswith(f"{length} bytes".encode())
    time.sleep(LIMITS.header_seconds + 0.1)  # idle between requests, not within one
    connection.sendall(GET + b"\r\n")
    assert answer(connection).endswith(b"0 bytes")


class RecordingTransport(asyncio.Transport):
    def __init__(self) -> None:
        self.written: list[bytes] = []

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written.append(bytes(data))


@pytest.mark.parametrize(
    ("parts", "written"),
    [
        ([b"header", b"body"], [b"headerbody", b"completed"]),
        ([b"header", b"", b"body"], [b"header", b"body", b"completed"]),
        ([b"header"], [b"header", b"completed"]),
        ([CONTINUE, b"header", b"1", b"2"], [CONTINUE, b"header1", b"2", b"completed"]),
    ],
)
def test_a_header_is_sent_with_the_first_part_of_the_body(
    parts: list[bytes], written: list[bytes]
) -> None:
    transport = RecordingTransport()
    one_write = OneWrite(transport, lambda: transport.written.append(b"completed"))

    for part in parts:
        one_write.write(part)
    one_write.complete()

    assert transport.written == written


def test_answers_without_a_body_are_sent_and_the_connection_stays_open(connect: Connect) -> None:
    connection = connect()
    for _ in range(2):
        connection.sendall(b"HEAD / HTTP/1.1\r\nHost: x\r\n\r\n")
        head = connection.recv(65536)
        assert head.startswith(b"HTTP/1.1 200 ")
        assert head.endswith(b"\r\n\r\n")
        connection.sendall(b"GET /empty HTTP/1.1\r\nHost: x\r\n\r\n")
        assert connection.recv(65536).startswith(b"HTTP/1.1 204 ")
    connection.sendall(PUT + b"Content-Length: 3\r\nExpect: 100-continue\r\n\r\n")
    assert connection.recv(65536) == CONTINUE
    connection.sendall(b"abc")
    assert answer(connection).endswith(b"3 bytes")


@pytest.mark.parametrize("header", [GET, b"HEAD / HTTP/1.1\r\nHost: x\r\n"])
def test_the_last_answer_is_sent_before_the_connection_closes(
    connect: Connect, header: bytes
) -> None:
    connection = connect()
    connection.sendall(header + b"Connection: close\r\n\r\n")

    assert received(connection).startswith(b"HTTP/1.1 200 ")


def test_an_answer_that_breaks_after_its_header_closes_the_connection(connect: Connect) -> None:
    connection = connect()
    connection.sendall(b"GET /breaks HTTP/1.1\r\nHost: x\r\n\r\n")

    assert received(connection).startswith(b"HTTP/1.1 200 ")


def test_requests_may_wait_for_those_before_them_but_only_a_few(connect: Connect) -> None:
    connection = connect()
    last = GET + b"Connection: close\r\n\r\n"
    connection.sendall((GET + b"\r\n") * MAX_WAITING + last)
    assert received(connection).count(b"HTTP/1.1 200 ") == MAX_WAITING + 1

    connection = connect()
    connection.sendall((GET + b"\r\n") * 1000 + last)
    answers = received(connection)
    assert answers.count(b"HTTP/1.1 200 ") <= 1
    assert b"HTTP/1.1 400 " in answers


@pytest.mark.parametrize("sent", [b"", b"GET / HT", GET + b"X: 1\r\n"])
def test_a_header_that_does_not_end_is_too_slow(connect: Connect, sent: bytes) -> None:
    connection = connect()
    connection.sendall(sent)

    assert answer(connection).startswith(b"HTTP/1.1 408 ")


def test_a_header_that_drips_is_too_slow(connect: Connect) -> None:
    connection = connect()
    connection.sendall(GET + b"\r\n")
    assert answer(connection).endswith(b"0 bytes")

    connection.settimeout(0.1)
    dripped = GET + b"X: " + b"1" * 100
    for byte in dripped:
        connection.sendall(bytes([byte]))
        try:
            received = connection.recv(1000)
        except TimeoutError:
            continue
        assert received.startswith(b"HTTP/1.1 408 ")
        return
    pytest.fail("the server waited")


def test_a_body_that_does_not_end_is_too_slow(connect: Connect) -> None:
    connection = connect()
    connection.sendall(PUT + b"Content-Length: 10\r\n\r\nabc")

    assert answer(connection) in {b"", b"HTTP/1.1 408 Request Timeout"}


def test_a_body_has_more_time_than_a_header(connect: Connect) -> None:
    connection = connect()
    connection.sendall(PUT + b"Content-Length: 6\r\n\r\nabc")
    time.sleep((LIMITS.header_seconds + LIMITS.body_seconds) / 2)
    connection.sendall(b"def")

    assert answer(connection).endswith(b"6 bytes")


@pytest.mark.parametrize(
    "sent",
    [
        GET + b"X: " + b"1" * LIMITS.max_header_bytes + b"\r\n\r\n",
        GET + b"X: " + b"1" * LIMITS.max_header_bytes,
        b"GET /" + b"1" * LIMITS.max_header_bytes + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        GET + b"".join(b"X-%d: 1\r\n" % n for n in range(LIMITS.max_header_fields)) + b"\r\n",
    ],
    ids=["large", "endless", "long path", "many fields"],
)
def test_a_header_above_the_limits_is_refused(connect: Connect, sent: bytes) -> None:
    connection = connect()
    connection.sendall(sent)

    assert answer(connection)[:13] in {b"HTTP/1.1 431 ", b"HTTP/1.1 400 "}


@pytest.mark.parametrize(
    "sent",
    [
        b"0\r\nX: " + b"1" * 100_000,
        b"3;name=" + b"1" * 100_000,
        b"3\r\nabc\r\n0\r\nX: " + b"1" * 100_000,
    ],
    ids=["field after an empty body", "extension of a chunk", "field after a body"],
)
def test_what_is_about_chunks_above_the_limit_ends_the_connection(
    connect: Connect, sent: bytes
) -> None:
    connection = connect()
    connection.sendall(PUT + b"Transfer-Encoding: chunked\r\n\r\n")
    began = time.monotonic()
    with suppress(BrokenPipeError, ConnectionResetError):
        connection.sendall(sent)

    assert received(connection) == b""
    assert time.monotonic() - began < LIMITS.body_seconds


def test_chunks_may_have_a_single_byte(connect: Connect) -> None:
    connection = connect()
    chunks = b"1\r\nx\r\n" * 5000 + b"0\r\nX-Checksum: 1\r\n\r\n"

    connection.sendall(PUT + b"Transfer-Encoding: chunked\r\n\r\n")
    for start in range(0, len(chunks), 1000):
        connection.sendall(chunks[start : start + 1000])
        time.sleep(0.005)

    assert answer(connection).endswith(b"5000 bytes")


def test_connections_above_the_limit_get_503(connect: Connect) -> None:
    open_ones = [connect() for _ in range(LIMITS.max_connections)]
    for connection in open_ones:
        connection.sendall(GET + b"\r\n")
        assert answer(connection).endswith(b"0 bytes")

    assert answer(connect()).startswith(b"HTTP/1.1 503 ")
    open_ones[0].close()
    time.sleep(0.1)
    again = connect()
    again.sendall(GET + b"\r\n")
    assert answer(again).endswith(b"0 bytes")


@pytest.mark.parametrize("reads_at_once", [True, False])
def test_a_client_that_does_not_read_is_too_slow(
    server: uvicorn.Server, connect: Connect, *, reads_at_once: bool
) -> None:
    connection = connect()
    connection.sendall(b"GET /large HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    connection.recv(1, socket.MSG_PEEK)  # the answer has begun

    if not reads_at_once:
        wait_until(
            lambda: not server.server_state.connections, "closed connection", timeout=5, pause=0.05
        )
    n_received = len(received(connection))

    assert (n_received >= LARGE) == reads_at_once
