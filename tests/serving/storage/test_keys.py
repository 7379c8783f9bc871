import httpx2
import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from serving.client import Client
from serving.errors import KeyRefusedError, ScopeMissingError
from serving.storage import keys
from tests.conftest import schema_of


def test_a_key_is_refused_without_the_scope_or_if_wrong_or_missing(
    owner: Engine, http: httpx2.Client, client: Client
) -> None:
    dataset = schema_of(owner)
    with Session(owner) as session, session.begin():
        feedback = keys.create(session, "feedback", ["feedback"])

    http.headers["Authorization"] = f"Bearer {feedback}"
    with pytest.raises(ScopeMissingError, match="no scope 'read'"):
        client.items()
    http.headers["Authorization"] = "Bearer wrong"
    with pytest.raises(KeyRefusedError, match="not valid for this data set"):
        client.items()
    del http.headers["Authorization"]
    with pytest.raises(KeyRefusedError, match="carries no key"):
        Client(http, dataset).items()


def test_a_revoked_or_replaced_key_is_refused(
    owner: Engine, http: httpx2.Client, client: Client
) -> None:
    assert client.items().total == 0
    with Session(owner) as session, session.begin():
        newer = keys.create(session, "test", ["read"])

    with pytest.raises(KeyRefusedError):
        client.items()
    http.headers["Authorization"] = f"Bearer {newer}"
    assert client.items().total == 0
    with Session(owner) as session, session.begin():
        assert keys.revoke(session, "test")
        assert not keys.revoke(session, "test")
    with pytest.raises(KeyRefusedError):
        client.items()


def test_a_key_is_stored_as_its_digest_only(owner: Engine) -> None:
    with Session(owner) as session, session.begin():
        key = keys.create(session, "demo", ["read", "feedback"])

    with owner.connect() as connection:
        stored = connection.execute(text("select * from api_keys")).mappings().one()
    assert len(key) >= 43  # 256 bits
    assert key not in str(dict(stored))
    assert stored["scopes"] == ["feedback", "read"]
