"""Two items, for events of users."""

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.orm import Session


@pytest.fixture
def connection(session: Session) -> Connection:
    """A connection whose transaction is rolled back, with items "a" and "b"."""
    connection = session.connection()
    connection.execute(
        text("insert into items (item_id, title, search) values ('a', 'A', ''), ('b', 'B', '')")
    )
    return connection
