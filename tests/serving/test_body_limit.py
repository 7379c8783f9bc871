import socket
from collections.abc import Iterator

import httpx2
import pytest
from sqlalchemy import Engine

from tests.conftest import schema_of
from tests.support.serving import shop
from tests.support.serving.api_server import UNCACHED, running_api
from tests.support.serving.server import as_role

LIMIT = 100
RATING = b'{"rating": 7}'


@pytest.fixture
def path(publisher: Engine, committing: str) -> Iterator[str]:
    """The URL of a rating, at an API that accepts bodies of 100 bytes."""
    shop.release(publisher, "one", instead_of=None)
    settings = UNCACHED.model_copy(update={"max_body_bytes": LIMIT})
    with running_api(as_role(committing, "api"), settings) as url:
        yield f"{url}/v1/{schema_of(publisher)}/users/u/ratings/a"


def put(http: httpx2.Client, path: str, body: bytes | Iterator[bytes]) -> httpx2.Response:
    return http.put(path, content=body, headers={"Content-Type": "application/json"})


def chunks(body: bytes, sent: list[int] | None = None) -> Iterator[bytes]:
    for byte in body:
        yield bytes([byte])
        if sent is not None:
            sent.append(byte)


def request(url: httpx2.URL, product: httpx2.Client, header: bytes) -> bytes:
    """Return the beginning of a request with the product's key, up to its body."""
    key = product.headers["Authorization"].encode()
    lines = (b"PUT " + url.raw_path + b" HTTP/1.1", b"Host: localhost", b"Authorization: " + key)
    return b"\r\n".join((*lines, header, b"", b""))


def test_a_body_up_to_the_limit_is_accepted_with_a_length_or_in_chunks(
    product_http: httpx2.Client, path: str
) -> None:
    body = RATING.ljust(LIMIT)

    assert put(product_http, path, body).status_code == 200
    assert put(product_http, path, chunks(body)).status_code == 200


def test_a_body_above_the_limit_is_refused_with_a_length_or_in_chunks(
    product_http: httpx2.Client, path: str, owner: Engine
) -> None:
    body = RATING.ljust(LIMIT + 1)

    for answer in (put(product_http, path, body), put(product_http, path, chunks(body))):
        assert answer.status_code == 413
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["code"] == "body-too-large"
        assert "100 bytes" in answer.json()["detail"]
        assert "API_MAX_BODY_BYTES" in answer.json()["next_step"]
    assert shop.rows(owner, "select * from outbox") == []


@pytest.mark.parametrize(
    ("header", "sent"),
    [
        (b"Content-Length: 10000000000", b""),
        (b"Transfer-Encoding: chunked", b"65\r\n" + b" " * 101 + b"\r\n"),
    ],
    ids=["declared", "in chunks"],
)
def test_the_refusal_does_not_wait_for_the_rest_of_the_body(
    product_http: httpx2.Client, path: str, header: bytes, sent: bytes
) -> None:
    url = httpx2.URL(path)
    with socket.create_connection((url.host, url.port or 0), timeout=10) as connection:
        connection.sendall(request(url, product_http, header) + sent)
        answer = connection.recv(65536)

    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"connection: close" in answer.lower()


def test_a_client_that_disconnects_early_is_not_logged_as_an_error(
    product_http: httpx2.Client, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    url = httpx2.URL(path)
    with socket.create_connection((url.host, url.port or 0), timeout=10) as connection:
        connection.sendall(request(url, product_http, b"Transfer-Encoding: chunked") + b"1\r\n")

    assert httpx2.get(f"http://{url.host}:{url.port}/health").status_code == 200
    assert "unexpected" not in caplog.text
