"""A published shop, and the client of an operator."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from serving.client import Client
from tests.conftest import schema_of
from tests.support.serving import shop
from tests.support.serving.api_server import Connected, connecting, keyed


@pytest.fixture
def published_shop(publisher: Engine) -> None:
    """A release with the items "a" to "d" and a scale of 1 to 10."""
    shop.release(publisher, "one", instead_of=None)


@pytest.fixture
def operator(api_url: str, owner: Engine) -> Iterator[Client]:
    with keyed(api_url, owner, "operator", "operate") as client:
        yield Client(client, schema_of(owner))


@pytest.fixture
def connected(owner: Engine, committing: str) -> Iterator[Connected]:
    """A function that returns a client with this token."""
    with connecting(owner, committing) as connect:
        yield connect
