"""Shelves that need no user, through the API and its client."""

import pytest
from sqlalchemy import Engine, text

from serving.catalogue_changes import changes
from serving.catalogue_changes.changes import Change
from serving.client import Client
from serving.errors import NoReleaseError, RequestRefusedError
from serving.lists import shelves
from serving.schemas import ItemContent
from tests.support.serving import live_shop
from tests.support.serving.live_shop import ids, rate


def test_shelves_need_no_user(publisher: Engine, client: Client) -> None:
    with pytest.raises(NoReleaseError):
        client.popular()
    with pytest.raises(NoReleaseError):
        client.of_vendor("film house")
    live_shop.release(publisher)

    assert ids(client.popular(limit=2)) == ["o4", "o3"]
    assert ids(client.popular(category="film", limit=2)) == ["f4", "f3"]
    assert ids(client.popular(category="nothing")) == []
    assert ids(client.trending()) == ["f2", "o1"]
    assert ids(client.of_vendor("film house")) == ["f4", "f3", "f2", "f1", "c1"]
    assert ids(client.of_vendor("nobody")) == []


def test_popular_items_of_some_years_include_both_ends(publisher: Engine, client: Client) -> None:
    live_shop.release(publisher)

    assert ids(client.popular(released_from=2002, released_to=2003)) == ["o3", "o2", "f3", "f2"]
    assert ids(client.popular(released_from=2004)) == ["o4", "f4"]
    assert ids(client.popular(released_to=2001)) == ["o1", "f1"]
    assert ids(client.popular(category="film", released_from=2003)) == ["f4", "f3"]
    assert ids(client.popular(released_from=2003, released_to=2002)) == []
    with pytest.raises(RequestRefusedError):
        client.popular(released_from=-1)


def test_items_of_an_unknown_year_are_outside_all_years(
    publisher: Engine, owner: Engine, client: Client
) -> None:
    live_shop.release(publisher)
    with owner.begin() as connection:
        connection.execute(text("update items set released = null where item_id = 'o4'"))

    assert ids(client.popular(limit=1)) == ["o4"]
    assert ids(client.popular(released_from=0, limit=1)) == ["o3"]
    assert ids(client.popular(released_to=9999, limit=1)) == ["o3"]


def test_newer_ratings_are_read_again_after_a_rest(
    publisher: Engine, owner: Engine, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shelves, "REST", 1e9)
    live_shop.release(publisher)
    assert ids(client.trending()) == ["f2", "o1"]
    for user_id in ("a", "b", "c"):
        rate(owner, user_id, "f4", 4.0)

    assert ids(client.trending()) == ["f2", "o1"]

    with owner.begin() as connection:  # many changes of items would be as many reads
        changes.apply(connection, Change("f1", ItemContent(title="Film")), sent_by="test")
    assert ids(client.trending()) == ["f2", "o1"]


def test_positive_ratings_since_the_release_are_trending(
    publisher: Engine, owner: Engine, client: Client
) -> None:
    live_shop.release(publisher)
    for user_id in ("a", "b", "c"):
        rate(owner, user_id, "f4", 4.0)
        rate(owner, user_id, "f3", 3.0)  # not positive
    rate(owner, "fan", "f1", 5.0)  # counted by the release

    answer = client.trending()

    assert ids(answer) == ["f4", "f2", "o1"]
    assert ids(client.trending(category="opera")) == ["o1"]
