"""Effects of slate rules on shelves, similar items and search, through the API and its client.

The API is one process with one cache for all tests: each change must show on the next read.
"""

import pytest
from sqlalchemy import Engine

from serving.client import Client
from serving.schemas import Shelf
from tests.support.serving import shop
from tests.support.serving.live_shop import COLD, PIN_COLD, ids
from tests.support.serving.rules import activate_rules, out_of_stock


@pytest.mark.usefixtures("released")
def test_shelves_leave_out_hidden_and_unavailable_items(api: Engine, client: Client) -> None:
    assert ids(client.popular(limit=3)) == ["o4", "o3", "o2"]
    out_of_stock(api, "o3", "f2")

    activate_rules(api, hide=["o4", "f4"], only_available=True)

    assert ids(client.popular(limit=2)) == ["o2", "o1"]
    assert ids(client.popular(category="film")) == ["f3", "f1"]
    assert ids(client.trending()) == ["o1"]
    assert ids(client.of_vendor("film house")) == ["f3", "f1", COLD]
    activate_rules(api, hide=["o4", "f4"])
    assert ids(client.of_vendor("film house")) == ["f3", "f2", "f1", COLD]
    assert ids(client.trending()) == ["f2", "o1"]


@pytest.mark.usefixtures("released")
def test_shelves_leave_out_items_that_do_not_meet_the_filter_of_the_rules(
    api: Engine, client: Client
) -> None:
    activate_rules(api, keep_if="category == 'film'")

    assert ids(client.popular(limit=2)) == ["f4", "f3"]
    assert ids(client.trending()) == ["f2"]
    assert {"o4", "o3"} <= {item.item_id for item in client.items(q="").items}  # no rule applies


@pytest.mark.usefixtures("released")
def test_other_rules_do_not_change_shelves(api: Engine, client: Client) -> None:
    def shelves() -> list[Shelf]:
        shown = [client.popular(), client.trending(), client.of_vendor("film house")]
        return [shelf.model_copy(update={"list_id": ""}) for shelf in shown]

    before = shelves()

    boost = [{"category": "film", "by": 1}]
    activate_rules(
        api, pin=PIN_COLD, boost=boost, most_per_category=1, most_per_vendor=1, diversity=1
    )

    assert shelves() == before


def test_similar_items_leave_out_hidden_and_unavailable_items(
    publisher: Engine, api: Engine, client: Client
) -> None:
    shop.release(publisher, "one", instead_of=None, similar_items=shop.lists_of("item_id", a="bcd"))
    out_of_stock(api, "c")

    activate_rules(api, hide=["b"])
    assert ids(client.similar("a", limit=1)) == ["c"]
    activate_rules(api, hide=["b"], only_available=True)
    similar = client.similar("a")
    assert [(item.item_id, item.rank) for item in similar.items] == [("d", 1)]


@pytest.mark.usefixtures("released")
def test_search_and_item_pages_show_hidden_and_unavailable_items(
    api: Engine, client: Client
) -> None:
    out_of_stock(api, "f2")
    activate_rules(api, hide=["f1"], only_available=True)

    assert [item.item_id for item in client.items(q="film").items].count("f1") == 1
    assert client.items(category="film").total == 5
    assert (client.item("f1").title, client.item("f2").title) == ("Film 1", "Film 2")
    assert ids(client.similar("f1")) == []
