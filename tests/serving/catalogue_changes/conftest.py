"""A published shop, and the client of a product that changes its catalogue."""

from collections.abc import Iterator

import httpx2
import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from serving.client import Client
from serving.storage import keys
from tests.conftest import schema_of
from tests.support.serving import shop


@pytest.fixture
def released(publisher: Engine) -> int:
    """A release with the items "a" to "d", and the attributes price, brand, since and tags."""
    return shop.release(publisher, "one", instead_of=None)


@pytest.fixture
def key(owner: Engine) -> str:
    """A key that reads and changes the catalogue."""
    with Session(owner) as session, session.begin():
        return keys.create(session, "catalogue", ["read", "catalogue"])


@pytest.fixture
def shop_http(api_url: str, key: str) -> Iterator[httpx2.Client]:
    headers = {"Authorization": f"Bearer {key}"}
    with httpx2.Client(base_url=api_url, headers=headers, timeout=10) as http:
        yield http


@pytest.fixture
def cataloguer(shop_http: httpx2.Client, owner: Engine) -> Client:
    """The typed client of that key."""
    return Client(shop_http, schema_of(owner))
