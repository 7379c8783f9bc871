"""Many changes in one request: each has an outcome, and all are one revision."""

import httpx2
import pytest
from sqlalchemy import Engine

from serving import errors
from serving.catalogue_changes import new_categories
from serving.client import Client
from serving.schemas import ItemChange
from tests.conftest import schema_of
from tests.serving.catalogue_changes.heat import outbox
from tests.support.serving.shop import rows

pytestmark = pytest.mark.usefixtures("released")


def test_a_batch_has_an_outcome_per_item_and_a_bad_one_stops_no_good_one(
    shop_http: httpx2.Client, cataloguer: Client, owner: Engine
) -> None:
    path = f"/v1/{schema_of(owner)}/items"
    sent = [
        {"item_id": "e", "title": "Heat", "attributes": {"price": 3, "brand": None}},
        {"item_id": "f"},
        {"title": "No id"},
        {"item_id": "f", "title": "F", "attributes": {"prize": 1}},
        {"item_id": "f", "title": "F", "attributes": {"price": "cheap"}},
        {"item_id": "zz", "action": "patch", "title": "Z"},
        {"item_id": "a", "action": "delete"},
        {"item_id": "a", "action": "delete", "title": "A"},
        {"item_id": "e", "action": "patch", "vendor": "Maker"},
        {
            "item_id": "b",
            "title": "Schindler's List",
            "categories": ["Drama", "b"],
            "released": 1991,
        },
    ]

    answer = shop_http.post(path, json={"items": sent})

    assert answer.status_code == 200
    outcomes = answer.json()["items"]
    assert [outcome["status"] for outcome in outcomes] == [
        "created", "refused", "refused", "refused", "refused", "refused", "removed", "refused",
        "changed", "unchanged",
    ]  # fmt: skip
    assert answer.json()["n_refused"] == 6
    assert [outcome["item_id"] for outcome in outcomes] == [*"ef", None, "f", "f", "zz", *"aaeb"]
    assert [outcomes[n]["code"] for n in (1, 3, 4, 5)] == [
        "request-refused", "unknown-attribute", "request-refused", "unknown-item",
    ]  # fmt: skip
    assert "a put needs it" in outcomes[1]["detail"]
    assert "declared: brand, price, since, tags" in outcomes[3]["detail"]
    assert "body.attributes.price: a number is expected" in outcomes[4]["detail"]
    assert cataloguer.item("e").vendor == "Maker"
    assert sorted(str(item) for item, *_ in outbox(owner)) == ["a", "e"]


def test_a_batch_has_at_most_a_thousand_items_and_is_one_change_of_the_revision(
    cataloguer: Client, owner: Engine
) -> None:
    changes = [ItemChange(item_id=f"n{n}", title=f"Item {n}") for n in range(1000)]

    outcomes = cataloguer.change_items(changes)

    assert {outcome.status for outcome in outcomes.items} == {"created"}
    assert cataloguer.items(q="item").total == 1000
    assert rows(owner, "select revision from slate") == [(1,)]
    with pytest.raises(errors.RequestRefusedError):
        cataloguer.change_items([*changes, ItemChange(item_id="x", title="X")])


def test_only_categories_that_a_batch_leaves_count(
    cataloguer: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(new_categories, "MAX_CATEGORIES", 7)  # five are those of the items

    def put(item_id: str, *categories: str) -> ItemChange:
        return ItemChange(item_id=item_id, title="E", categories=categories)

    outcomes = cataloguer.change_items(
        [
            *(put("e", f"{n}-one", f"{n}-two") for n in range(9)),
            put("f", "8-one", "8-two"),
            put("g", "another"),
            put("e", "8-one"),
            put("g", "another"),
            put("f", "8-one"),
            put("g", "another"),
            put("h", "a", "one too many"),
            ItemChange(item_id="g", action="delete"),
            put("h", "a", "last"),
        ]
    )

    refused = [n for n, outcome in enumerate(outcomes.items) if outcome.status == "refused"]
    assert refused == [10, 12, 15]
    assert cataloguer.about().categories == ("8-one", "Drama", *"abcd", "last")
