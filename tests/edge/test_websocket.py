"""A WebSocket client cannot make the server hold much: neither messages nor answers."""

import socket
import zlib
from collections.abc import Iterator
from contextlib import suppress

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.frames import Frame, Opcode
from websockets.sync.client import ClientConnection, connect

from edge.websocket import MAX_WAITING

HANDSHAKE = (
    b"GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
EMPTY = Frame(Opcode.BINARY, b"").serialize(mask=True)
FIRST_FRAGMENT = Frame(Opcode.BINARY, b"", fin=False).serialize(mask=True)
FRAGMENT = Frame(Opcode.CONT, b"", fin=False).serialize(mask=True)
PINGS = Frame(Opcode.PING, b"x" * 125).serialize(mask=True) * 1000
N_PINGS = 80_000  # their answers are more than the system's buffers hold


@pytest.fixture
def websocket(port: int) -> Iterator[ClientConnection]:
    with connect(f"ws://127.0.0.1:{port}/", proxy=None) as connection:
        yield connection


def close_code(connection: ClientConnection) -> int | None:
    """Return the code with which the server closes the connection."""
    with suppress(ConnectionClosed):
        while connection.recv(timeout=10):
            pass
    return connection.close_code


def test_messages_are_answered_also_in_pieces_and_many_at_once(websocket: ClientConnection) -> None:
    websocket.socket.sendall(EMPTY * MAX_WAITING)
    assert {websocket.recv(timeout=10) for _ in range(MAX_WAITING)} == {"0 bytes"}
    websocket.send([b"x" * 50_000, b"y" * 100_000])
    assert websocket.recv(timeout=10) == "150000 bytes"


def test_compression_is_not_accepted(websocket: ClientConnection) -> None:
    assert websocket.request is not None
    assert websocket.response is not None
    assert "permessage-deflate" in websocket.request.headers["Sec-WebSocket-Extensions"]
    assert "Sec-WebSocket-Extensions" not in websocket.response.headers


def test_compressed_messages_close_the_connection(websocket: ClientConnection) -> None:
    packer = zlib.compressobj(wbits=-12)
    zeros = packer.compress(bytes(900_000)) + packer.flush(zlib.Z_SYNC_FLUSH)
    frame = Frame(Opcode.BINARY, zeros.removesuffix(b"\0\0\xff\xff"))
    message = bytearray(frame.serialize(mask=True))
    message[0] |= 0x40  # RSV1: compressed
    websocket.socket.sendall(message * 250)

    assert close_code(websocket) == 1002


@pytest.mark.parametrize(
    "frames", [EMPTY * 1000, FIRST_FRAGMENT + FRAGMENT * 1000], ids=["messages", "fragments"]
)
def test_more_than_may_wait_closes_the_connection(
    websocket: ClientConnection, frames: bytes
) -> None:
    websocket.socket.sendall(frames)

    assert close_code(websocket) == 1013


def test_answers_to_pings_do_not_pile_up(port: int) -> None:
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.settimeout(20)
        client.connect(("127.0.0.1", port))
        client.sendall(HANDSHAKE)
        assert client.recv(4096).startswith(b"HTTP/1.1 101 ")
        for _ in range(N_PINGS // 1000):  # and reads no answer
            client.sendall(PINGS)
        client.shutdown(socket.SHUT_WR)
        n_received = 0
        while part := client.recv(1_000_000):
            n_received += len(part)

    assert 0 < n_received < N_PINGS * 127 * 0.7
