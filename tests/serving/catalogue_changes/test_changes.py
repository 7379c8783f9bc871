"""A product changes its catalogue: at once, everywhere, and once."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import httpx2
import pytest
from sqlalchemy import Engine

from serving import errors
from serving.client import Client
from serving.schemas import ItemContent, ItemPatch, ItemReceipt
from tests.conftest import schema_of
from tests.serving.catalogue_changes.heat import HEAT, STORED, outbox
from tests.support.serving.api_server import running_api
from tests.support.serving.server import as_role
from tests.support.serving.shop import ids

pytestmark = pytest.mark.usefixtures("released")


def test_a_new_item_is_on_its_page_in_search_and_in_browse_at_once(cataloguer: Client) -> None:
    before = datetime.now(UTC) - timedelta(seconds=1)

    receipt = cataloguer.put_item("e", HEAT)

    assert (receipt.item_id, receipt.status) == ("e", "created")
    assert receipt.changed_at is not None
    assert before < receipt.changed_at < before + timedelta(seconds=30)
    shown = cataloguer.item("e")
    assert (shown.title, shown.vendor, shown.released) == ("Heat", "Maker", 1995)
    assert shown.categories == ("Crime", "Drama")
    assert (dict(shown.attributes), shown.changed_at) == (STORED, receipt.changed_at)
    assert ids(cataloguer.items(q="heat")) == "e"
    assert ids(cataloguer.items(category="Crime")) == "e"
    assert ids(cataloguer.of_vendor("Maker")) == "e"
    about = cataloguer.about()
    assert (about.n_items, about.categories) == (5, ("Crime", "Drama", *"abcd"))
    assert about.attributes["price"] == "number"


def test_a_changed_title_is_on_lists_and_in_reasons_at_once(cataloguer: Client) -> None:
    assert cataloguer.recommendations("u").items[0].title == "Amélie"
    assert cataloguer.popular().items[0].title == "Amélie"

    cataloguer.patch_item("a", ItemPatch(title="The fabulous destiny"))

    assert cataloguer.recommendations("u").items[0].title == "The fabulous destiny"
    assert cataloguer.popular().items[0].title == "The fabulous destiny"
    assert ids(cataloguer.items(q="fabulous")) == "a"
    assert ids(cataloguer.items(q="amelie")) == ""


def test_a_patch_changes_what_it_has_and_null_empties(cataloguer: Client) -> None:
    cataloguer.put_item("e", HEAT)

    cataloguer.patch_item("e", ItemPatch(attributes={"price": 5, "brand": None}))
    cataloguer.patch_item("e", ItemPatch(vendor=None))

    shown = cataloguer.item("e")
    assert (shown.title, shown.vendor, shown.released) == ("Heat", None, 1995)
    assert dict(shown.attributes) == {n: v for n, v in STORED.items() if n != "brand"} | {
        "price": 5
    }


def test_a_put_empties_what_it_leaves_out(cataloguer: Client) -> None:
    cataloguer.put_item("e", HEAT)

    assert cataloguer.put_item("e", ItemContent(title="Heat")).status == "changed"

    shown = cataloguer.item("e")
    assert (shown.categories, shown.vendor, dict(shown.attributes)) == ((), None, {})


@pytest.mark.parametrize(
    "change",
    [
        lambda client: client.put_item("a", HEAT),
        lambda client: client.patch_item("a", ItemPatch(attributes={"tags": ("x",)})),
        lambda client: client.remove_item("a"),
    ],
    ids=["put", "patch", "delete"],
)
def test_a_repeated_change_changes_nothing(
    cataloguer: Client, owner: Engine, change: Callable[[Client], ItemReceipt]
) -> None:
    first = change(cataloguer)

    second = change(cataloguer)

    assert first.status in {"changed", "removed"}
    assert (second.status, second.changed_at) == ("unchanged", first.changed_at)
    assert len(outbox(owner)) == 1


def test_a_removed_item_is_nowhere_and_a_put_brings_it_back(
    cataloguer: Client, product: Client, owner: Engine
) -> None:
    product.rate("w", "a", 10.0)
    assert (ids(cataloguer.recommendations("u")), ids(cataloguer.popular())) == ("ab", "a")

    assert cataloguer.remove_item("a").status == "removed"

    assert ids(cataloguer.recommendations("u")) == "b"
    assert ids(cataloguer.recommendations("u", limit=1)) == "b"
    assert ids(cataloguer.popular()) == ids(cataloguer.trending()) == ""
    assert sorted(ids(cataloguer.items())) == [*"bcd"]
    assert (cataloguer.items().total, cataloguer.about().n_items) == (3, 3)
    assert cataloguer.explanation("u", "a").status == "unknown"
    for read in (cataloguer.item, cataloguer.similar):
        with pytest.raises(errors.UnknownItemError):
            read("a")
    assert [item.title for item in cataloguer.ratings("w").items] == ["Amélie"]

    assert cataloguer.put_item("a", HEAT).status == "created"

    assert ids(cataloguer.recommendations("u")) == "ab"
    assert cataloguer.item("a").title == "Heat"
    assert (cataloguer.items().total, cataloguer.about().n_items) == (4, 4)
    assert outbox(owner) == [("a", "Amélie", True), ("a", "Heat", False)]


def test_a_removed_item_leaves_the_fallback_list_and_similar_items(cataloguer: Client) -> None:
    assert ids(cataloguer.recommendations("unknown", limit=2)) == "dc"
    assert ids(cataloguer.similar("a")) == "bc"

    cataloguer.remove_item("c")

    assert "c" not in ids(cataloguer.recommendations("unknown", limit=2))
    assert ids(cataloguer.similar("a")) == "b"


def test_another_process_shows_a_change_with_its_next_answer(
    cataloguer: Client, committing: str, shop_http: httpx2.Client, owner: Engine
) -> None:
    with running_api(as_role(committing, "api")) as url:
        headers = {"Authorization": shop_http.headers["Authorization"]}
        with httpx2.Client(base_url=url, headers=headers, timeout=10) as http:
            other = Client(http, schema_of(owner))
            assert ids(other.recommendations("u", explain=True)) == "ab"

            cataloguer.patch_item("a", ItemPatch(title="New"))
            assert other.recommendations("u").items[0].title == "New"

            cataloguer.remove_item("a")
            assert ids(other.recommendations("u", explain=True)) == "b"

            cataloguer.put_item("a", HEAT)
            assert other.recommendations("u").items[0].title == "Heat"


def test_a_later_change_has_a_later_time_even_if_the_clock_was_put_back(
    cataloguer: Client, owner: Engine
) -> None:
    cataloguer.patch_item("a", ItemPatch(title="X"))
    with owner.begin() as connection:
        ahead = "update items set changed_at = now() + interval '1 hour' where item_id = 'a'"
        connection.exec_driver_sql(ahead)
    before = cataloguer.item("a").changed_at

    after = cataloguer.patch_item("a", ItemPatch(title="Y")).changed_at

    assert before is not None
    assert after == before + timedelta(microseconds=1)
