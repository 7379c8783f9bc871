"""Pinned items on lists, through the API and its client.

The API is one process with one cache for all tests: each change must show on the next read.
"""

import pytest
from sqlalchemy import Engine

from serving.client import Client
from tests.support.serving import shop
from tests.support.serving.live_shop import COLD, PIN_COLD, hide, ids
from tests.support.serving.rules import activate_rules, out_of_stock


@pytest.mark.usefixtures("released")
def test_a_pin_is_on_every_kind_of_list_even_if_it_is_new_to_the_release(
    api: Engine, client: Client
) -> None:
    activate_rules(api, pin=PIN_COLD)

    answers = [client.recommendations(user_id) for user_id in ("fan", "lover", "nobody")]
    for answer in (*answers, client.for_anonymous_user({"f1": 5.0})):
        assert ids(answer)[1] == COLD
        assert (answer.items[1].rank, answer.items[1].score) == (2, 0)
        assert answer.items[1].title == "Film 1"


@pytest.mark.usefixtures("released")
def test_users_are_not_shown_pins_that_they_rated_hid_or_filtered_out(
    owner: Engine, api: Engine, client: Client
) -> None:
    activate_rules(api, pin=[{"item_id": "f2", "rank": 1}, *PIN_COLD])
    hide(owner, "fan", COLD)

    assert {"f2", COLD}.isdisjoint(ids(client.recommendations("fan")))  # rated, hidden
    assert ids(client.recommendations("lover"))[1] == COLD
    assert "f2" not in ids(client.recommendations("lover"))
    assert "f2" not in ids(client.for_anonymous_user({"f2": 2.0}))
    assert ids(client.recommendations("nobody"))[0] == "f2"
    filtered = client.recommendations("nobody", category="opera", exclude=["o4"])
    assert ids(filtered) == ["o3", "o2", "o1"]
    assert COLD in ids(client.recommendations("nobody", category="film", exclude=["f2"]))


@pytest.mark.usefixtures("released")
def test_pins_that_are_out_of_stock_are_not_shown(api: Engine, client: Client) -> None:
    activate_rules(api, pin=PIN_COLD, only_available=True)
    assert ids(client.recommendations("nobody"))[1] == COLD

    out_of_stock(api, COLD)

    assert COLD not in ids(client.recommendations("nobody"))


def test_a_pin_from_a_later_release_is_shown_once_that_is_live(
    publisher: Engine, api: Engine, client: Client
) -> None:
    first = shop.release(publisher, "one", instead_of=None)
    activate_rules(api, pin=[{"item_id": "e", "rank": 1}])
    assert ids(client.recommendations("u")) == ["a", "b"]

    items = shop.items(**shop.TITLES, e="Heat")
    shop.release(publisher, "two", instead_of=first, items=items)

    assert ids(client.recommendations("u")) == ["e", "a", "b"]


@pytest.mark.usefixtures("released")
def test_pinned_items_have_their_own_reason(api: Engine, client: Client) -> None:
    activate_rules(api, pin=[*PIN_COLD, {"item_id": "f4", "rank": 1}])

    for user_id in ("fan", "lover", "nobody"):
        listed = client.recommendations(user_id, explain=True).items
        kinds = {item.item_id: item.reason.kind for item in listed if item.reason}
        assert kinds.pop("f4") == kinds.pop(COLD) == "pinned"
        assert len(kinds) == len(listed) - 2
        assert "pinned" not in kinds.values()
