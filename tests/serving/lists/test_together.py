"""Items taken together, through the API and its client."""

from typing import Any

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from serving.catalogue_changes import changes
from serving.catalogue_changes.changes import Change
from serving.client import Client
from serving.errors import RequestRefusedError, UnknownItemError
from serving.publishing import releases
from serving.schemas import TakenTogether
from tests.support.serving import shop
from tests.support.serving.rules import activate_rules, out_of_stock

Rows = list[dict[str, Any]]


def ids(answer: TakenTogether) -> str:
    return "".join(item.item_id for item in answer.items)


def scored(**ratios: dict[str, float]) -> Rows:
    """Return rows of ratios: `scored(a={"b": 9.0})` takes b together with a."""
    return [
        {"item_id": item_id, "item_ids": [*of_item], "scores": [*of_item.values()]}
        for item_id, of_item in ratios.items()
    ]


def publish(publisher: Engine, rows: Rows, *, instead_of: int | None = None) -> int:
    name = f"after {instead_of}"
    return shop.release(publisher, name, instead_of=instead_of, taken_together=rows)


def test_an_item_has_those_that_users_take_with_it_best_first(
    publisher: Engine, client: Client
) -> None:
    release_id = publish(publisher, scored(a={"c": 40.5, "b": 22.0}, b={"a": 22.0}))

    answer = client.together_with("a")

    assert (answer.item_ids, answer.release_id) == (("a",), release_id)
    assert len(answer.list_id) == 24
    shown = [(item.item_id, item.title, item.score, item.rank) for item in answer.items]
    assert shown == [("c", shop.TITLES["c"], 40.5, 1), ("b", shop.TITLES["b"], 22.0, 2)]
    assert ids(client.together_with("a", limit=1)) == "c"
    assert ids(client.together_with("d")) == ""
    with pytest.raises(UnknownItemError, match="'zz'"):
        client.together_with("zz")


def test_the_ratios_with_all_items_of_a_basket_are_added_up(
    publisher: Engine, client: Client
) -> None:
    publish(publisher, scored(a={"c": 40.0, "b": 30.0, "d": 30.0}, b={"d": 25.0, "a": 30.0}))

    answer = client.together_with_basket(["b", "a", "unknown"])

    assert [(item.item_id, item.score) for item in answer.items] == [("d", 55.0), ("c", 40.0)]
    assert answer.item_ids == ("b", "a", "unknown")
    assert ids(client.together_with_basket(["a", "b"], exclude=["d"])) == "c"
    assert ids(client.together_with_basket(["a", "a"])) == "cbd"  # equal ratios: by id
    assert ids(client.together_with_basket(["unknown"])) == ""
    with pytest.raises(RequestRefusedError, match="item_id"):
        client.together_with_basket([])
    with pytest.raises(RequestRefusedError, match="item_id"):
        client.together_with_basket(["a"] * 101)


def test_filters_rules_and_removed_items_leave_items_out(
    publisher: Engine, api: Engine, owner: Engine, client: Client
) -> None:
    publish(publisher, scored(a={"b": 9.0, "c": 8.0, "d": 7.0}))
    assert ids(client.together_with("a", where="not category == 'b'")) == "cd"
    assert ids(client.together_with_basket(["a"], where="category in ('b', 'd')")) == "bd"

    activate_rules(api, hide=["b"])
    assert ids(client.together_with("a", limit=1)) == "c"
    out_of_stock(api, "c")
    activate_rules(api, hide=["b"], only_available=True)
    assert ids(client.together_with("a")) == "d"

    with owner.begin() as connection:
        changes.apply(connection, Change("d", None), sent_by="test")
    assert ids(client.together_with_basket(["a"])) == ""
    with pytest.raises(UnknownItemError):
        client.together_with("d")


def test_each_release_has_its_own_and_older_ones_may_have_none(
    publisher: Engine, client: Client
) -> None:
    old = publish(publisher, [])
    assert ids(client.together_with("a")) == ""
    new = publish(publisher, scored(a={"b": 9.0}), instead_of=old)
    assert ids(client.together_with("a")) == "b"

    with Session(publisher) as session, session.begin():
        releases.activate(session, old, instead_of=new, actor="test", reason="A test")

    assert ids(client.together_with_basket(["a"])) == ""
