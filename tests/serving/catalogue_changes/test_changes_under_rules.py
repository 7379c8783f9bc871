"""Slate rules follow the changes of the items that they name or filter."""

import pytest
from sqlalchemy import Engine

from serving.client import Client
from serving.lists.releases.cache import ReleaseCache
from serving.schemas import ItemPatch
from tests.support.serving import shop
from tests.support.serving.rules import activate_rules
from tests.support.serving.shop import ids

pytestmark = pytest.mark.usefixtures("released")


def test_the_filter_of_the_rules_is_evaluated_again_for_a_changed_item(
    api: Engine, cataloguer: Client
) -> None:
    cataloguer.patch_item("a", ItemPatch(attributes={"price": 30}))
    activate_rules(api, keep_if="not price > 20")
    assert "a" not in ids(cataloguer.popular())

    cataloguer.patch_item("a", ItemPatch(attributes={"price": 10}))
    assert "a" in ids(cataloguer.popular())

    cataloguer.patch_item("b", ItemPatch(attributes={"price": 21}))
    assert "b" not in ids(cataloguer.popular())


def test_rules_that_were_read_with_items_of_an_earlier_revision_are_read_again(
    api: Engine, owner: Engine, cataloguer: Client
) -> None:
    activate_rules(api, keep_if="not price > 20")
    cache = ReleaseCache()
    with shop.reading(owner) as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT")
        assert cache.live(connection)[1].kept_out == set()
        activate_rules(api, keep_if="not price > 10")
        before = cache.live(connection)[0]
        cataloguer.patch_item("a", ItemPatch(attributes={"price": 30}))

        # of a request that began before the change
        cache.slate(connection, before, before.revision - 1)

        assert cache.live(connection)[1].kept_out == {"a"}


def test_a_pinned_item_that_was_removed_is_not_shown(cataloguer: Client, api: Engine) -> None:
    activate_rules(api, pin=[{"item_id": "d", "rank": 1}])
    assert ids(cataloguer.recommendations("v"))[0] == "d"

    cataloguer.remove_item("d")

    assert "d" not in ids(cataloguer.recommendations("v"))
