"""Changes without the right, the item, the attribute or the quota are refused."""

import httpx2
import pytest
from sqlalchemy import Engine

from serving import errors
from serving.catalogue_changes import new_categories
from serving.client import Client
from serving.schemas import ItemChange, ItemContent, ItemPatch
from serving.storage import keys
from tests.conftest import schema_of
from tests.serving.catalogue_changes.heat import HEAT, outbox
from tests.support.serving.api_server import keyed, limited

pytestmark = pytest.mark.usefixtures("released")


@pytest.mark.parametrize("scope", ["read", "feedback", "operate"])
def test_only_the_scope_catalogue_allows_changes(
    api_url: str, owner: Engine, cataloguer: Client, scope: keys.Scope
) -> None:
    with keyed(api_url, owner, "other", scope) as http:
        other = Client(http, schema_of(owner))
        changes = (
            lambda: other.put_item("a", HEAT),
            lambda: other.patch_item("a", ItemPatch(title="X")),
            lambda: other.remove_item("a"),
            lambda: other.change_items([ItemChange(item_id="a", title="X")]),
        )
        for change in changes:
            with pytest.raises(errors.ScopeMissingError):
                change()
    assert cataloguer.item("a").title == "Amélie"


@pytest.mark.parametrize(
    ("attributes", "error"),
    [
        ({"prize": 1}, errors.UnknownAttributeError),
        ({"price": "1"}, errors.RequestRefusedError),
        ({"brand": 1}, errors.RequestRefusedError),
        ({"tags": "new"}, errors.RequestRefusedError),
        ({"since": "yesterday"}, errors.RequestRefusedError),
    ],
)
def test_an_attribute_must_be_declared_and_of_its_type(
    cataloguer: Client, owner: Engine, attributes: dict[str, str | float], error: type[Exception]
) -> None:
    with pytest.raises(error):
        cataloguer.put_item("e", ItemContent(title="Heat", attributes=attributes))
    with pytest.raises(error):
        cataloguer.patch_item("a", ItemPatch(attributes=attributes))

    assert outbox(owner) == []


def test_an_unknown_item_can_be_neither_patched_nor_removed(cataloguer: Client) -> None:
    with pytest.raises(errors.UnknownItemError):
        cataloguer.patch_item("zz", ItemPatch(title="X"))
    with pytest.raises(errors.UnknownItemError):
        cataloguer.remove_item("zz")
    cataloguer.remove_item("a")
    with pytest.raises(errors.UnknownItemError):
        cataloguer.patch_item("a", ItemPatch(title="X"))


def test_before_the_first_release_there_is_no_catalogue_to_change(
    owner: Engine, cataloguer: Client
) -> None:
    with owner.begin() as connection:
        connection.exec_driver_sql("delete from about")

    with pytest.raises(errors.NoReleaseError):
        cataloguer.put_item("e", HEAT)


def test_a_key_changes_so_many_items_a_day_and_a_repeated_change_does_not_count(
    committing: str, shop_http: httpx2.Client, owner: Engine
) -> None:
    with limited(owner, committing, shop_http.headers, item_changes_per_day=2) as client:
        for _ in range(3):
            client.put_item("e", HEAT)
        sent = [ItemChange(item_id=item_id, title="New") for item_id in "efg"]
        outcomes = client.change_items([ItemChange(item_id="zz", action="delete"), *sent]).items
        assert [outcome.status for outcome in outcomes] == ["refused", "changed", *["refused"] * 2]
        assert {outcome.code for outcome in outcomes[2:]} == {"quota-exceeded"}
        with pytest.raises(errors.QuotaExceededError, match="its 2 changes of items of today"):
            client.remove_item("a")
        assert client.recommendations("u").items
    assert len(outbox(owner)) == 2


def test_an_item_and_the_categories_of_a_data_set_have_a_limit(
    cataloguer: Client, owner: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(new_categories, "MAX_CATEGORIES", 7)  # five are those of the items
    texts = tuple(f"{n:03}" + "x" * 9_000 for n in range(4))

    with pytest.raises(errors.RequestRefusedError, match="bytes as JSON; 32,768 is the limit"):
        cataloguer.put_item("e", ItemContent(title="E", attributes={"tags": texts}))
    cataloguer.put_item("e", ItemContent(title="E", categories=("one", "two", "a")))
    with pytest.raises(errors.RequestRefusedError, match="would have more than 7"):
        cataloguer.put_item("f", ItemContent(title="F", categories=("three",)))
    cataloguer.put_item("f", ItemContent(title="F", categories=("one",)))

    assert cataloguer.about().categories == ("Drama", *"abcd", "one", "two")
    assert [item_id for item_id, *_ in outbox(owner)] == ["e", "f"]
