"""Each source of shelves, and what is on no shelf."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, text

from serving.lists import shelves
from serving.lists.releases.cache import ReleaseCache
from serving.placements import answers, sources
from tests.support.serving import live_shop, shop
from tests.support.serving.live_shop import COLD, EVENTS, hide, rate
from tests.support.serving.placements import ids, put, shelf, shown
from tests.support.serving.rules import activate_rules, out_of_stock

BESIDE = {"f1": {"f3": 0.5, "f2": 0.4}, "o1": {"o2": 0.3, "f3": 0.2}}
SOURCES = [*sources.SOURCES]
ADDED = datetime(2026, 6, 1, tzinfo=UTC)


def of_source(
    api: Engine, source: str, user_id: str | None = None, *item_ids: str, **fields: Any
) -> list[str]:
    """Return the ids of a shelf of this source; none if it is left out."""
    with shop.reading(api) as connection:
        newest = "select coalesce(max(version), 0) from placements"
        version = connection.scalar(text(newest)) or 0
        put(api, "one", shelf(source, **fields), instead_of=version)
        found = ids(shown(connection, "one", user_id, *item_ids))
    return found[0] if found else []


def add(api: Engine, item_id: str, days_ago: int) -> None:
    """Date back when an item was added."""
    with api.begin() as connection:
        connection.execute(
            text("update items set added_at = :at where item_id = :item_id"),
            {"at": ADDED - timedelta(days=days_ago), "item_id": item_id},
        )


@pytest.mark.usefixtures("released")
def test_for_you_is_the_users_list_precomputed_or_computed_online(api: Engine) -> None:
    with shop.reading(api) as connection:
        put(api, "one", shelf("for_you"))
        kinds = {
            user: [(s.kind, s.items[0].item_id) for s in shown(connection, "one", user).shelves]
            for user in ("fan", "lover", "nobody", None)
        }

    assert kinds == {
        "fan": [("batch", "f3")],
        "lover": [("live", "o3")],
        "nobody": [("fallback", "o4")],
        None: [("fallback", "o4")],
    }


@pytest.mark.parametrize("source", ["similar", "together"])
def test_items_beside_the_given_ones_add_up_their_scores(
    source: str, publisher: Engine, api: Engine
) -> None:
    lists: dict[str, Any] = {source: BESIDE}
    live_shop.release(publisher, **lists)

    assert of_source(api, source, None, "f1") == ["f3", "f2"]
    assert of_source(api, source, None, "f1", "o1") == ["f3", "f2", "o2"]
    assert of_source(api, source, None, "f1", "f3") == ["f2"]  # given items are on no shelf
    assert of_source(api, source, "fan", "f1") == ["f3"]  # they rated f2
    assert of_source(api, source, None, "nowhere") == []
    assert of_source(api, source) == []


@pytest.mark.usefixtures("released")
def test_popular_items_are_of_the_users_favourite_category(api: Engine, owner: Engine) -> None:
    source = "popular_in_favourite_category"

    assert of_source(api, source, "fan") == ["f4", "f3"]  # f1 and f2 are rated
    assert of_source(api, source, "lover") == ["o4", "o3"]
    assert of_source(api, source, "grumbler") == of_source(api, source) == []
    rate(owner, "fan", "o2", 5.0)
    rate(owner, "fan", "o3", 5.0)
    rate(owner, "fan", "o4", 5.0)
    with shop.reading(api) as connection:
        put(api, "two", *(shelf(source, "Popular in {category}") for _ in range(3)))
        shelves = shown(connection, "two", "fan").shelves
    assert [(s.title, s.category) for s in shelves] == [("Popular in film", "film")]


@pytest.mark.usefixtures("released")
def test_the_second_shelf_of_favourites_has_the_second_category(api: Engine, owner: Engine) -> None:
    rate(owner, "fan", "o2", 5.0)
    put(api, "one", *(shelf("popular_in_favourite_category", "{category}") for _ in range(3)))

    with shop.reading(api) as connection:
        answer = shown(connection, "one", "fan")

    assert [shelf.title for shelf in answer.shelves] == ["film", "opera"]
    assert ids(answer) == [["f4", "f3"], ["o4", "o3"]]


@pytest.mark.usefixtures("released")
def test_trending_has_the_ratings_since_the_release_but_no_item_that_the_user_rated(
    api: Engine, owner: Engine
) -> None:
    assert of_source(api, "trending") == ["f2", "o1"]
    assert of_source(api, "trending", "fan") == []  # they rated both
    for user in ("v1", "v2", "v3"):
        rate(owner, user, "o4", 5.0)
    assert of_source(api, "trending") == ["o4", "f2", "o1"]


@pytest.mark.usefixtures("released")
def test_trending_items_are_read_again_after_some_seconds(
    api: Engine, owner: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache, request = ReleaseCache(), answers.PlacementRequest()
    monkeypatch.setattr(shelves, "REST", 0)
    put(api, "one", shelf("trending"))
    with shop.reading(api) as connection:
        before = ids(answers.answer(connection, cache, "one", request))
        for user in ("v1", "v2", "v3"):
            rate(owner, user, "o4", 5.0)
        same = ids(answers.answer(connection, cache, "one", request))
        monkeypatch.setattr(sources, "TRENDING_SECONDS", -1.0)
        after = ids(answers.answer(connection, cache, "one", request))

    assert before == same == [["f2", "o1"]]
    assert after == [["o4", "f2", "o1"]]


@pytest.mark.usefixtures("released")
def test_new_items_are_those_that_were_added_last(api: Engine) -> None:
    together = ["o4", "f4", "o3", "f3"]  # by year, then by popularity
    assert of_source(api, "new", limit=4) == together

    for item_id in live_shop.ITEMS:
        add(api, item_id, 2)
    add(api, "o2", 1)

    assert of_source(api, "new", limit=4) == [COLD, "o2", "o4", "f4"]
    assert of_source(api, "new", filter="category == 'film'", limit=2) == [COLD, "f4"]
    assert of_source(api, "new", "fan", limit=12)[:2] == [COLD, "o2"]


@pytest.mark.usefixtures("released")
def test_items_with_a_day_from_which_they_are_sold_are_new_by_this_day(
    owner: Engine, api: Engine
) -> None:
    with owner.begin() as connection:
        connection.execute(
            text(
                """
                update about set display = '{"since": "sold"}', attributes = '{"sold": "time"}'
                """
            )
        )
        for item_id, day in (("o1", "2026-03-01"), ("f1", "2026-03-02"), ("f2", "no day")):
            connection.execute(
                text(
                    "update items set attributes = jsonb_build_object('sold', cast(:day as text))"
                    " where item_id = :item_id"
                ),
                {"day": day, "item_id": item_id},
            )

    assert of_source(api, "new", limit=4) == ["f1", "o1", "o4", "f4"]
    assert of_source(api, "new", filter="category == 'opera'", limit=2) == ["o1", "o4"]
    assert of_source(api, "new", filter="sold < '2026-03-02'", limit=2) == ["o1"]


def test_again_has_what_the_user_liked_the_newest_first(
    publisher: Engine, api: Engine, owner: Engine
) -> None:
    acts = {"fan": {("f1", "view"): 2.0, ("f2", "purchase"): 1.0, ("o1", "purchase"): 1.0}}
    live_shop.release(publisher, constants=EVENTS, acts=acts)

    assert of_source(api, "again", "fan") == ["f2", "o1"]  # a view makes no item positive
    assert of_source(api, "again", "fan", filter="category == 'opera'") == ["o1"]
    hide(owner, "fan", "f2")
    assert of_source(api, "again", "fan") == ["o1"]
    assert of_source(api, "again", "nobody") == of_source(api, "again") == []


@pytest.mark.usefixtures("released")
def test_again_begins_with_the_newest_rating(api: Engine) -> None:
    assert of_source(api, "again", "lover") == ["f2", "o1", "o2"]


@pytest.mark.parametrize("source", SOURCES)
def test_hidden_removed_and_ruled_out_items_are_on_no_shelf(
    source: str, publisher: Engine, api: Engine, owner: Engine
) -> None:
    beside = {"o1": dict.fromkeys(("o2", "o3", "o4", "f4"), 0.5)}
    live_shop.release(publisher, similar=beside, together=beside)
    for item_id in ("o2", "o3", "o4", "f4"):
        for user in ("v1", "v2"):
            rate(owner, user, item_id, 5.0)
    user = "u"
    rate(owner, user, "o1", 5.0)
    if source == "again":
        for item_id in ("o2", "o3", "o4"):
            rate(owner, user, item_id, 5.0)
    assert {"o2", "o3", "o4"} <= {*of_source(api, source, user, "o1")}

    with owner.begin() as connection:
        hidden = "update feedback set hidden = 'hide', hidden_at = now() where user_id = 'u'"
        connection.execute(text(f"{hidden} and item_id = 'o2'"))
    if source != "again":
        hide(owner, user, "o2")
    activate_rules(api, hide=["o3"])
    with api.begin() as connection:
        connection.execute(text("update items set removed = true, revision = 99"))
        connection.execute(text("update slate set revision = 99"))
        connection.execute(text("update items set removed = false where item_id <> 'o4'"))

    assert not {"o2", "o3", "o4"} & {*of_source(api, source, user, "o1")}


@pytest.mark.parametrize("source", SOURCES)
def test_a_filter_holds_for_every_source(source: str, publisher: Engine, api: Engine) -> None:
    beside = {"o4": {"o1": 0.5, "o2": 0.4, "f1": 0.3, "f3": 0.2}}
    live_shop.release(publisher, similar=beside, together=beside)
    user = "lover" if source in ("again", "popular_in_favourite_category") else None

    for condition in ("released <= 2001 and category == 'opera'", "not released <= 2001"):
        everything = of_source(api, source, user, "o4", limit=50)
        some = of_source(api, source, user, "o4", filter=condition, limit=50)
        of_first_year = [i for i in everything if i == "o1"]
        later = [i for i in everything if i not in ("o1", "f1", COLD)]
        assert {*some} >= {*(of_first_year if "opera" in condition else later)}
        assert not {*some} & {*(later if "opera" in condition else of_first_year)}


@pytest.mark.usefixtures("released")
def test_a_filter_by_availability_follows_the_stock(api: Engine) -> None:
    put(api, "one", shelf("for_you", filter="available"))
    cache, request = ReleaseCache(), answers.PlacementRequest("fan")
    with shop.reading(api) as connection:
        before = ids(answers.answer(connection, cache, "one", request))
        out_of_stock(api, "f3")
        after = ids(answers.answer(connection, cache, "one", request))

    assert "f3" in before[0]
    assert "f3" not in after[0]
