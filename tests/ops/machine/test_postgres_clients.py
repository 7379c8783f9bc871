"""Tests of how programs sign in to Postgres."""

import asyncio
import socket
import threading
from collections.abc import Iterator

import pytest
from sqlalchemy import create_engine
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from ops.machine import postgres_clients

PASSWORD = "a-password-of-this-test"  # noqa: S105 # of nobody
ASK_FOR_CLEARTEXT = b"R\x00\x00\x00\x08\x00\x00\x00\x03"  # AuthenticationCleartextPassword


@pytest.fixture
def impostor() -> Iterator[tuple[int, list[bytes]]]:
    """Yield the port of a server that asks for passwords in cleartext, and all that it received."""
    received: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = threading.Thread(target=_serve, args=(listener, received))
        server.start()
        yield listener.getsockname()[1], received
        listener.shutdown(socket.SHUT_RDWR)  # ends `accept`
        server.join(5)


def _serve(listener: socket.socket, received: list[bytes]) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        with connection:
            connection.settimeout(5)
            first = connection.recv(1000)
            received.append(first)
            while len(first) == 8:  # a question for encryption
                connection.sendall(b"N")
                first = connection.recv(1000)
                received.append(first)
            if first:
                connection.sendall(ASK_FOR_CLEARTEXT)
                received.append(connection.recv(1000))


def test_a_client_sends_no_password_to_a_server_that_asks_for_it(
    impostor: tuple[int, list[bytes]],
) -> None:
    port, received = impostor
    engine = create_engine(postgres_clients.url(f"airflow:{PASSWORD}", port, "airflow"))
    with pytest.raises(OperationalError, match="requirement"):
        engine.connect()
    assert received
    assert PASSWORD.encode() not in b"".join(received)


def test_nor_does_an_asynchronous_client(impostor: tuple[int, list[bytes]]) -> None:
    port, received = impostor
    login = f"airflow:{PASSWORD}"
    engine = create_async_engine(postgres_clients.url(login, port, "airflow", driver="psycopg"))
    with pytest.raises(OperationalError, match="requirement"):
        asyncio.run(_connect(engine))
    assert received
    assert PASSWORD.encode() not in b"".join(received)


async def _connect(engine: AsyncEngine) -> None:
    async with engine.connect():
        pass
