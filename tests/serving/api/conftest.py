"""A published shop, and the client of an operator."""

from collections.abc import Iterator

import httpx2
import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from serving.client import Client
from serving.storage import keys
from tests.conftest import schema_of
from tests.support.serving import shop
from tests.support.serving.api_server import Connected, connecting


@pytest.fixture
def published_shop(publisher: Engine) -> None:
    """A release with the items "a" to "d" and a scale of 1 to 10."""
    shop.release(publisher, "one", instead_of=None)


@pytest.fixture
def operator(api_url: str, owner: Engine) -> Iterator[Client]:
    with Session(owner) as session, session.begin():
        key = keys.create(session, "operator", ["operate"])
    headers = {"Authorization": f"Bearer {key}"}
    with httpx2.Client(base_url=api_url, headers=headers, timeout=10) as client:
        yield Client(client, schema_of(owner))


@pytest.fixture
def connected(owner: Engine, committing: str) -> Iterator[Connected]:
    """A function that returns a client with this token."""
    with connecting(owner, committing) as connect:
        yield connect
