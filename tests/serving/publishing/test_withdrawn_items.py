"""Items that a delivery lacks: on no shelf, not found, not counted, from that release on."""

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from serving import catalogue
from serving.client import Client
from serving.errors import IncompleteReleaseError, UnknownItemError
from serving.lists import shelves
from serving.lists.releases import loading as release_loading
from serving.lists.releases.cache import ReleaseCache
from serving.publishing import releases
from serving.schemas import About, ItemPage, Recommendations, Shelf, SimilarItems
from tests.support.serving import live_shop, shop
from tests.support.serving.rules import activate_rules, slate
from tests.support.serving.shop import Rows, ids, rows, seen

D = shop.TITLES["d"]


def delivery(item_ids: str) -> dict[str, Rows]:
    """Return the tables of a fit whose catalogue has these items, all of one vendor."""
    items = [row | {"vendor": "Maker"} for row in shop.items(**shop.TITLES)]
    popularity = {item_id: float(n) for n, item_id in enumerate("abcd", 1)}
    return {
        "items": [row for row in items if row["item_id"] in item_ids],
        "recommendations": shop.lists_of("user_id", u="ab"),
        "profiles": shop.profiles(u="cd"),
        "item_factors": [
            {"item_id": i, "factors": [0.5, 0.25], "popularity": value, "trending": value}
            for i, value in popularity.items()  # also of withdrawn items, which have no position
        ],
        "similar_items": shop.lists_of("item_id", a="".join(i for i in "dbc" if i in item_ids)),
        "fallback_lists": shop.lists_of(
            "segment", everybody="".join(i for i in "dcba" if i in item_ids)
        ),
    }


def published(publisher: Engine, name: str, item_ids: str, instead_of: int | None) -> int:
    """Publish a snapshot with these items, and return the release's id."""
    return shop.snapshot(publisher, name, instead_of=instead_of, **delivery(item_ids))


def expected(item_ids: str) -> dict[str, object]:
    """Return what `shown` returns if the catalogue has these items."""
    return {
        "search": item_ids,
        "n_found": len(item_ids),
        "vendor": item_ids,
        "popular": item_ids,
        "trending": item_ids,
        "similar to a": item_ids.removeprefix("a"),
        "fallback": item_ids,
        "categories": ("Drama", *item_ids),
        "n_items": len(item_ids),
    }


def shown(client: Client) -> dict[str, object]:
    """Return the sorted ids on each shelf and list, and the counts."""
    page, about = client.items(), client.about()
    return {
        "search": sorted_ids(page),
        "n_found": page.total,
        "vendor": sorted_ids(client.of_vendor("Maker")),
        "popular": sorted_ids(client.popular()),
        "trending": sorted_ids(client.trending()),
        "similar to a": sorted_ids(client.similar("a")),
        "fallback": sorted_ids(client.recommendations("unknown")),
        "categories": about.categories,
        "n_items": about.n_items,
    }


def sorted_ids(answer: ItemPage | Recommendations | Shelf | SimilarItems) -> str:
    return "".join(sorted(ids(answer)))


def about(publisher: Engine) -> About:
    """Return the data set's description."""
    with shop.reading(publisher) as connection:
        return catalogue.about(connection)


def roll_back(publisher: Engine) -> int:
    with Session(publisher) as session, session.begin():
        return releases.roll_back(session, actor="ann", reason="worse")


@pytest.fixture
def first(publisher: Engine) -> int:
    """The release of a snapshot with four items."""
    return published(publisher, "one", "abcd", None)


@pytest.fixture
def second(publisher: Engine, first: int) -> int:
    """The next release, of a snapshot without the item d."""
    return published(publisher, "two", "abc", first)


def test_an_item_is_on_no_shelf_not_found_and_not_counted_once_a_snapshot_lacks_it(
    publisher: Engine, first: int, client: Client
) -> None:
    assert shown(client) == expected("abcd")
    assert client.item("d").title == D

    published(publisher, "two", "abc", first)

    assert shown(client) == expected("abc")
    for found in (client.items(q="odyssey"), client.items(category="d")):
        assert (found.items, found.total) == ((), 0)
    for read in (client.item, client.similar):
        with pytest.raises(UnknownItemError, match="no item 'd'"):
            read("d")
    assert client.explanation("u", "d").status == "unknown"


@pytest.mark.usefixtures("second")
def test_a_users_history_still_names_a_withdrawn_item(client: Client, owner: Engine) -> None:
    live_shop.hide(owner, "w", "d")

    page = client.ratings("u")
    assert {item.item_id: item.title for item in page.items} == {"c": "Face/Off", "d": D}
    assert page.total == 2
    assert {item.item_id for item in client.user("u").rated} == {"c", "d"}
    assert [item.title for item in client.ratings("w").hidden] == [D]


@pytest.mark.usefixtures("second")
def test_a_user_may_still_rate_a_withdrawn_item_and_delete_the_rating(product: Client) -> None:
    assert product.rate("u", "d", 9.0).status == "accepted"
    assert product.ratings("u").items[0].title == D
    product.unrate("u", "d")

    assert [item.item_id for item in product.ratings("u").items] == ["c"]


def test_an_item_that_is_sent_again_is_back_everywhere(
    publisher: Engine, second: int, client: Client
) -> None:
    assert shown(client) == expected("abc")

    published(publisher, "three", "abcd", second)

    assert shown(client) == expected("abcd")
    assert client.item("d").title == D
    assert roll_back(publisher) == second
    assert shown(client) == expected("abc")  # that release never had it


def test_a_rollback_brings_a_withdrawn_item_back_at_once(
    publisher: Engine, first: int, second: int, client: Client
) -> None:
    assert shown(client) == expected("abc")

    assert roll_back(publisher) == first

    assert shown(client) == expected("abcd")
    assert client.item("d").title == D
    with Session(publisher) as session, session.begin():
        releases.activate(session, second, instead_of=first, actor="ann", reason="better")
    assert shown(client) == expected("abc")


def test_a_reader_of_the_release_before_sees_all_of_its_items(
    publisher: Engine, api: Engine, first: int, second: int
) -> None:
    activate_rules(api, pin=[{"item_id": "d", "rank": 1}])

    with shop.reading(publisher) as connection:  # neither release is in memory yet
        older, newer = (release_loading.load(connection, i) for i in (first, second))
        pins = [slate(connection, release_id=i)[1].pinned for i in (first, second)]

    assert ("".join(older.ids), "".join(newer.ids)) == ("abcd", "abc")
    assert (sorted(older.catalogue), sorted(newer.catalogue)) == ([*"abcd"], [*"abc"])
    assert [len(release.by_vendor["Maker"]) for release in (older, newer)] == [4, 3]
    assert ([pin.title for pin in pins[0].values()], pins[1]) == ([D], {})


@pytest.mark.usefixtures("second")
def test_a_pinned_item_is_not_shown_once_it_is_withdrawn(
    publisher: Engine, api: Engine, client: Client
) -> None:
    activate_rules(api, pin=[{"item_id": "d", "rank": 3}])
    assert ids(client.recommendations("unknown")) == "cba"

    roll_back(publisher)

    assert ids(client.recommendations("unknown")) == "cbda"


@pytest.mark.usefixtures("first")
def test_new_feedback_on_a_withdrawn_item_puts_it_on_no_shelf(
    publisher: Engine, owner: Engine, second: int
) -> None:
    for number in range(3):
        live_shop.rate(owner, f"rater {number}", "d", 10.0)

    with shop.reading(publisher) as connection:
        trending = shelves.trending(connection, ReleaseCache(), category=None, limit=9)

    assert (trending.release_id, sorted_ids(trending)) == (second, "abc")


def test_a_list_with_a_withdrawn_item_is_refused(publisher: Engine, first: int) -> None:
    tables = delivery("abc") | {"fallback_lists": shop.lists_of("segment", everybody="cd")}

    with pytest.raises(IncompleteReleaseError, match="such as d"):
        shop.snapshot(publisher, "two", instead_of=first, **tables)

    assert (seen(publisher).release_id, about(publisher).n_items) == (first, 4)


def test_a_snapshot_without_any_item_withdraws_none(publisher: Engine, first: int) -> None:
    shop.snapshot(publisher, "two", instead_of=first, **delivery("abcd") | {"items": []})

    assert about(publisher).n_items == 4


def test_increments_withdraw_no_item_and_bring_back_those_they_send(
    publisher: Engine, second: int
) -> None:
    third = shop.release(publisher, "three", instead_of=second, **delivery("ab"))
    assert (about(publisher).n_items, about(publisher).categories[-1]) == (3, "c")

    shop.release(publisher, "four", instead_of=third, **delivery("d"))

    assert about(publisher).n_items == 4


def test_only_items_that_go_or_come_back_are_written(publisher: Engine, first: int) -> None:
    def written(name: str, item_ids: str, instead_of: int) -> tuple[int, list[str]]:
        before = set(rows(publisher, "select item_id, xmin::text from items"))
        release_id = published(publisher, name, item_ids, instead_of)
        after = set(rows(publisher, "select item_id, xmin::text from items"))
        return release_id, sorted(str(item_id) for item_id, _ in after - before)

    second, gone = written("two", "abc", first)
    third, still_gone = written("three", "abc", second)
    fourth, back = written("four", "abcd", third)

    assert (gone, still_gone, back) == (["d"], [], ["d"])
    [[ranges]] = rows(publisher, "select withdrawn::text from items where item_id = 'd'")
    assert ranges == f"{{[{second},{fourth})}}"
