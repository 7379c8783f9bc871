"""Upgrades of a schema that has releases: nothing is lost, and the next publication works."""

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, text
from sqlalchemy.exc import ProgrammingError

from serving.client import Client
from serving.errors import UnknownItemError
from serving.storage import database
from tests.conftest import schema_of
from tests.support.serving import shop
from tests.support.serving.shop import rows

OLD_UPSERT = (
    "insert into items (item_id, title, search) values ('e', 'Heat', '')"
    " on conflict (item_id) do update set title = excluded.title"
)


def migrated(owner: Engine, revision: str) -> None:
    """Migrate the schema down to a revision, with the rows that it has."""
    with owner.begin() as connection:
        config = Config(database.ALEMBIC_INI)
        config.attributes["connection"] = connection
        command.downgrade(config, revision)


def test_items_of_before_0002_are_shown_until_a_snapshot_lacks_them(
    publisher: Engine, owner: Engine, committing: str, client: Client
) -> None:
    first = shop.release(publisher, "one", instead_of=None)
    migrated(owner, "0001")
    with pytest.raises(ProgrammingError, match="withdrawn"), owner.connect() as connection:
        connection.execute(text("select withdrawn from items"))

    assert database.migrate(committing, schema_of(owner)) == database.head()
    database.grant(committing, schema_of(owner))

    assert (client.items().total, client.about().n_items) == (4, 4)
    assert [item.item_id for item in client.recommendations("u").items] == ["a", "b"]
    with publisher.begin() as connection:
        connection.execute(text(OLD_UPSERT))  # as the code before the migration writes items
    assert client.item("e").title == "Heat"
    shop.snapshot(publisher, "two", instead_of=first)
    assert client.about().n_items == 4
    with pytest.raises(UnknownItemError):
        client.item("e")
    assert rows(owner, "select count(*) from items") == [(5,)]
