"""A product changes its catalogue: at once, everywhere, once, and with a key for it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from threading import Thread
from time import monotonic

import httpx2
import pytest
from sqlalchemy import Connection, Engine, text
from sqlalchemy.orm import Session

from serving import errors
from serving.catalogue_changes import changes, new_categories
from serving.client import Client
from serving.lists.releases.cache import ReleaseCache
from serving.schemas import ItemChange, ItemContent, ItemPatch, ItemReceipt
from serving.storage import keys, locks
from tests.conftest import schema_of
from tests.support.serving import shop
from tests.support.serving.api_server import UNCACHED, running_api
from tests.support.serving.problems import problem
from tests.support.serving.rules import activate_rules
from tests.support.serving.server import as_role
from tests.support.serving.shop import ids, rows

pytestmark = pytest.mark.usefixtures("released")

HEAT = ItemContent(
    title="Heat",
    categories=("Crime", "Drama", "Crime"),
    vendor="Maker",
    released=1995,
    attributes={"price": 9.5, "brand": "Acme", "since": "2026-01-02", "tags": ("new", "long")},
)
STORED = {
    "price": 9.5,
    "brand": "Acme",
    "since": "2026-01-02T00:00:00Z",
    "tags": ("new", "long"),
}


def outbox(owner: Engine) -> list[tuple[object, ...]]:
    return rows(owner, "select item_id, title, removed from item_changes order by changed_at")


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


def test_words_of_titles_are_found_before_the_catalogue_is_locked(
    owner: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    own_locks = text(
        "select count(*) from pg_locks where pid = pg_backend_pid() and locktype = 'advisory'"
    )
    n_held = list[int]()
    with owner.begin() as connection:

        def words(title: str) -> list[str]:
            n_held.append(connection.scalar(own_locks) or 0)
            return [title]

        monkeypatch.setattr("serving.titles.words", words)
        changes.apply(connection, changes.Change("e", HEAT), sent_by="test")
        n_at_end = connection.scalar(own_locks)

    assert (n_held, n_at_end) == ([0], 1)


def test_a_changed_title_is_on_lists_and_in_reasons_at_once(cataloguer: Client) -> None:
    assert cataloguer.recommendations("u").items[0].title == "Amélie"
    assert cataloguer.popular().items[0].title == "Amélie"

    cataloguer.patch_item("a", ItemPatch(title="The fabulous destiny"))

    assert cataloguer.recommendations("u").items[0].title == "The fabulous destiny"
    assert cataloguer.popular().items[0].title == "The fabulous destiny"
    assert ids(cataloguer.items(q="fabulous")) == "a"
    assert ids(cataloguer.items(q="amelie")) == ""


def test_the_filter_of_the_rules_is_evaluated_again_for_a_changed_item(
    api: Engine, cataloguer: Client
) -> None:
    cataloguer.patch_item("a", ItemPatch(attributes={"price": 30}))
    activate_rules(api, keep_if="not price > 20")
    assert "a" not in ids(cataloguer.popular())

    cataloguer.patch_item("a", ItemPatch(attributes={"price": 10}))
    assert "a" in ids(cataloguer.popular())

    cataloguer.patch_item("b", ItemPatch(attributes={"price": 21}))
    assert "b" not in ids(cataloguer.popular())


def test_rules_that_were_read_with_items_of_an_earlier_revision_are_read_again(
    api: Engine, owner: Engine, cataloguer: Client
) -> None:
    activate_rules(api, keep_if="not price > 20")
    cache = ReleaseCache()
    with shop.reading(owner) as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT")
        assert cache.live(connection)[1].kept_out == set()
        activate_rules(api, keep_if="not price > 10")
        before = cache.live(connection)[0]
        cataloguer.patch_item("a", ItemPatch(attributes={"price": 30}))

        # of a request that began before the change
        cache.slate(connection, before, before.revision - 1)

        assert cache.live(connection)[1].kept_out == {"a"}


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


@pytest.mark.parametrize("scope", ["read", "feedback", "operate"])
def test_only_the_scope_catalogue_allows_changes(
    api_url: str, owner: Engine, cataloguer: Client, scope: keys.Scope
) -> None:
    with Session(owner) as session, session.begin():
        key = keys.create(session, "other", [scope])
    headers = {"Authorization": f"Bearer {key}"}
    with httpx2.Client(base_url=api_url, headers=headers, timeout=10) as http:
        other = Client(http, schema_of(owner))
        changes: list[Callable[[], object]] = [
            lambda: other.put_item("a", HEAT),
            lambda: other.patch_item("a", ItemPatch(title="X")),
            lambda: other.remove_item("a"),
            lambda: other.change_items([ItemChange(item_id="a", title="X")]),
        ]
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


def test_a_pinned_item_that_was_removed_is_not_shown(cataloguer: Client, api: Engine) -> None:
    activate_rules(api, pin=[{"item_id": "d", "rank": 1}])
    assert ids(cataloguer.recommendations("v"))[0] == "d"

    cataloguer.remove_item("d")

    assert "d" not in ids(cataloguer.recommendations("v"))


def test_lists_are_read_while_changes_wait_for_a_publication_which_they_do_for_a_short_time(
    shop_http: httpx2.Client, api_url: str, owner: Engine
) -> None:
    path = f"{api_url}/v1/{schema_of(owner)}"
    headers = {**shop_http.headers}
    n_changes = 8  # more than there are worker threads
    refused: list[httpx2.Response] = []

    def change(n: int) -> None:
        changed = {"items": [{"item_id": f"n{n}", "title": "New"}]}
        refused.append(httpx2.post(f"{path}/items", json=changed, headers=headers, timeout=30))

    changing = [Thread(target=change, args=(n,)) for n in range(n_changes)]
    with owner.connect() as publication:
        changes.lock(publication)
        for thread in changing:
            thread.start()
        wait_for_locks(publication, n=1)  # one change of each key, and this is one key
        began = monotonic()
        assert httpx2.get(f"{path}/users/u/recommendations", headers=headers).is_success
        seconds_of_list = monotonic() - began
        for thread in changing:
            thread.join(timeout=30)

    assert seconds_of_list < locks.WAIT_MS / 1000
    assert {answer.status_code for answer in refused} == {503}
    assert {problem(answer).code for answer in refused} == {"too-many-changes"}
    assert {answer.headers["retry-after"] for answer in refused} == {"2"}
    assert len(refused) == n_changes
    assert outbox(owner) == []


def wait_for_locks(connection: Connection, *, n: int) -> None:
    """Wait until at least so many transactions wait for an advisory lock."""
    waiting = text("select count(*) from pg_locks where locktype = 'advisory' and not granted")
    end = monotonic() + 10
    while monotonic() < end:
        if connection.scalar(waiting) >= n:
            return
    raise TimeoutError(f"not {n} transactions wait")


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
    own = {"datasets": (schema_of(owner),), "item_changes_per_day": 2}
    settings = UNCACHED.model_copy(update=own)
    with (
        running_api(as_role(committing, "api"), settings) as url,
        httpx2.Client(base_url=url, headers=shop_http.headers, timeout=10) as http,
    ):
        limited = Client(http, schema_of(owner))
        for _ in range(3):
            limited.put_item("e", HEAT)
        sent = [ItemChange(item_id=item_id, title="New") for item_id in "efg"]
        outcomes = limited.change_items([ItemChange(item_id="zz", action="delete"), *sent]).items
        assert [outcome.status for outcome in outcomes] == ["refused", "changed", *["refused"] * 2]
        assert {outcome.code for outcome in outcomes[2:]} == {"quota-exceeded"}
        with pytest.raises(errors.QuotaExceededError, match="its 2 changes of items of today"):
            limited.remove_item("a")
        assert limited.recommendations("u").items
    assert len(outbox(owner)) == 2


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
