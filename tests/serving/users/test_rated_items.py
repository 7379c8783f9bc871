"""The page of a user's ratings and hidden items, through the API and its client."""

from sqlalchemy import Engine

from serving.client import Client
from tests.support.serving import live_shop, shop
from tests.support.serving.live_shop import LATER, rate


def test_ratings_are_the_profile_merged_with_feedback(
    publisher: Engine, owner: Engine, client: Client
) -> None:
    live_shop.release(publisher)
    rate(owner, "fan", "o4", 3.0)
    rate(owner, "fan", "f1", 2.0)
    rate(owner, "fan", "f2", None)
    rate(
        owner, "fan", "o1", 5.0, at=shop.RATED_AT.replace(year=2020)
    )  # older than the rating in the profile
    rate(owner, "fan", "gone", 5.0)

    page = client.ratings("fan")

    assert [(r.item_id, r.title, r.rating) for r in page.items] == [
        ("f1", "Film 1", 2.0),
        ("o4", "Opera 4", 3.0),
        ("o1", "Opera 1", 1.0),
    ]
    assert (page.total, page.items[0].rated_at) == (3, LATER)
    second = client.ratings("fan", limit=1, offset=1)
    assert ([r.item_id for r in second.items], second.total) == (["o4"], 3)
    assert client.ratings("nobody").total == 0


def test_hidden_items_are_on_the_first_page_of_ratings(
    publisher: Engine, owner: Engine, client: Client
) -> None:
    live_shop.release(publisher)
    live_shop.hide(owner, "fan", "o3")
    live_shop.hide(owner, "lover", "o4")

    assert [item.item_id for item in client.ratings("fan").hidden] == ["o3"]
    assert client.ratings("fan", offset=1).hidden == ()
