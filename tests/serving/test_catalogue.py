"""Items as a process keeps all of them in memory."""

import pytest
from sqlalchemy import Connection, Engine, text

from serving import catalogue
from tests.support.serving import shop


@pytest.fixture
def connection(publisher: Engine, owner: Engine) -> Connection:
    shop.release(publisher, "one", instead_of=None)
    with owner.begin() as changing:
        changing.execute(
            text("update items set categories = '{Drama,Crime}', vendor = 'Acme', revision = 1")
        )
    return owner.connect()


def test_items_share_the_texts_of_their_categories_and_vendors(connection: Connection) -> None:
    with connection:
        first, second, *_ = catalogue.read_items(connection, release_id=1).values()
        changed = catalogue.read_changed(connection, 1, since=0)[second.item_id]

    assert (first.categories, first.vendor) == (("Drama", "Crime"), "Acme")
    for other in (second, changed):
        assert other.categories[0] is first.categories[0]
        assert other.vendor is first.vendor
