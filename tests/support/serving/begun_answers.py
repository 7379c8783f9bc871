"""Requests of which the client reads a part of the answer, and then no more."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import httpx2


@contextmanager
def begun(http: httpx2.Client, path: str) -> Iterator[socket.socket]:
    """Send a GET request with the client's key, read a part of the answer, yield the connection."""
    url, key = http.base_url, http.headers["Authorization"]
    with socket.create_connection((url.host, url.port or 80), timeout=10) as connection:
        connection.sendall(
            f"GET {path} HTTP/1.1\r\nHost: {url.host}\r\nAuthorization: {key}\r\n\r\n".encode()
        )
        assert connection.recv(4096).startswith(b"HTTP/1.1 200 ")
        yield connection
