"""Orders of the catalogue: by price, by what was added last, and by popularity."""

import json
from typing import Any

import pytest
from sqlalchemy import Engine, text

from serving.client import Client
from serving.errors import RequestRefusedError
from serving.schemas import ItemOrder
from tests.support.serving import shop
from tests.support.serving.shop import ids

ATTRIBUTES: dict[str, dict[str, Any]] = {
    "a": {"price": 15, "since": "2026-01-01"},
    "b": {"price": 5, "since": "2026-02-01T12:00:00+01:00"},
    "c": {"price": "free", "since": "soon"},  # of other types than the manifest says
    "d": {},
}
POPULARITY = {"a": 1.0, "b": 2.0, "c": 3.0}


def set_display(owner: Engine, **display: str | None) -> None:
    with owner.begin() as connection:
        change = text("update about set display = cast(:display as jsonb)")
        connection.execute(change, {"display": json.dumps(display)})


@pytest.fixture
def stocked(publisher: Engine, owner: Engine) -> Engine:
    """The engine of a released shop whose items have prices and first days."""
    factors = {"factors": [0.5, -0.25], "trending": 0.0}
    rows = [factors | {"item_id": i, "popularity": n} for i, n in POPULARITY.items()]
    shop.release(publisher, "one", instead_of=None, item_factors=rows)
    with owner.begin() as connection:
        change = text("update items set attributes = cast(:values as jsonb) where item_id = :id")
        for item_id, values in ATTRIBUTES.items():
            connection.execute(change, {"id": item_id, "values": json.dumps(values)})
    set_display(owner, price="price", since="since")
    return owner


@pytest.mark.usefixtures("stocked")
@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("cheapest", "bacd"),  # without a price: the popular one first
        ("dearest", "abcd"),
        ("added", "bacd"),
        ("popular", "cbad"),
    ],
)
def test_items_are_sorted(client: Client, sort: ItemOrder, expected: str) -> None:
    assert ids(client.items(sort=sort)) == expected
    pages = [ids(client.items(sort=sort, limit=1, offset=n)) for n in range(4)]
    assert "".join(pages) == expected
    assert ids(client.items(sort=sort, where="price > 0")) == "".join(
        item_id for item_id in expected if item_id in "ab"
    )


@pytest.mark.usefixtures("stocked")
def test_the_best_match_need_not_be_the_most_popular(client: Client, owner: Engine) -> None:
    with owner.begin() as connection:
        rename = text(
            "update items set title = :title,"
            " search = array_to_tsvector(string_to_array(:title, ' ')) where item_id = :id"
        )
        for item_id, title in {"a": "star", "b": "star wars", "c": "starship"}.items():
            connection.execute(rename, {"id": item_id, "title": title})

    assert ids(client.items(q="star")) == "abc"
    assert ids(client.items(q="star", sort="popular")) == "cba"
    assert ids(client.items(q="star", sort="cheapest")) == "bac"


def test_without_a_first_day_the_item_that_the_catalogue_got_last_is_first(
    client: Client, stocked: Engine
) -> None:
    set_display(stocked, price=None)
    with stocked.begin() as connection:
        connection.execute(text("update items set added_at = now() - interval '1 day'"))
        connection.execute(text("update items set added_at = now() where item_id = 'd'"))

    assert ids(client.items(sort="added")) == "dcba"


def test_a_catalogue_without_prices_is_not_sorted_by_them(client: Client, stocked: Engine) -> None:
    set_display(stocked, since="since")

    for sort in ("cheapest", "dearest"):
        with pytest.raises(RequestRefusedError, match="have no price"):
            client.items(sort=sort)
    assert ids(client.items(sort="added")) == "bacd"


def test_an_empty_catalogue_is_sorted_too(client: Client) -> None:
    assert client.items(sort="added").total == 0
