"""A published shop, and the client of a product that changes its catalogue."""

from collections.abc import Iterator

import httpx2
import pytest
from sqlalchemy import Engine

from serving.client import Client
from tests.conftest import schema_of
from tests.support.serving import shop
from tests.support.serving.api_server import keyed


@pytest.fixture
def released(publisher: Engine) -> int:
    """A release with the items "a" to "d", and the attributes price, brand, since and tags."""
    return shop.release(publisher, "one", instead_of=None)


@pytest.fixture
def shop_http(api_url: str, owner: Engine) -> Iterator[httpx2.Client]:
    """The HTTP client of a key that reads and changes the catalogue."""
    with keyed(api_url, owner, "catalogue", "read", "catalogue") as http:
        yield http


@pytest.fixture
def cataloguer(shop_http: httpx2.Client, owner: Engine) -> Client:
    """The typed client of that key."""
    return Client(shop_http, schema_of(owner))
