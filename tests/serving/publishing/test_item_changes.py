"""Publications and changes of the product: neither undoes a newer one of the other."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Thread

import pyarrow as pa
import pytest
from sqlalchemy import Engine, event

from serving.catalogue_changes import changes
from serving.catalogue_changes.changes import Change
from serving.client import Client
from serving.errors import UnknownItemError
from serving.publishing.publish import publish
from serving.schemas import ItemContent, ItemReceipt
from tests.support.serving import lock_waits, shop
from tests.support.serving.shop import Rows, ids

NOW = datetime.now(UTC)
OLD, NEW = NOW - timedelta(days=1), NOW + timedelta(days=1)
FALLBACK = shop.lists_of("segment", everybody="cb")
MINE = ItemContent(title="Mine", attributes={"price": 2})


def change(api: Engine, item_id: str, content: ItemContent | None = MINE) -> ItemReceipt:
    with api.begin() as connection:
        return changes.apply(connection, Change(item_id, content), sent_by="test")


def delivered(at: datetime | None, item_ids: str = "abcd") -> Rows:
    """Return items as a delivery of that time has them."""
    return [
        row | {"changed_at": at, "attributes": [("price", "7"), ("tags", '["x"]')]}
        for row in shop.items(**shop.TITLES)
        if row["item_id"] in item_ids
    ]


@pytest.fixture
def first(publisher: Engine) -> int:
    return shop.release(publisher, "one", instead_of=None, items=delivered(OLD))


def test_a_release_has_the_attributes_of_its_items(first: int, client: Client) -> None:
    assert first
    assert client.item("a").attributes == {"price": 7, "tags": ("x",)}
    assert client.item("a").changed_at == OLD


@pytest.mark.parametrize("at", [None, OLD])
def test_an_older_delivery_does_not_undo_a_change(
    publisher: Engine, api: Engine, first: int, client: Client, at: datetime | None
) -> None:
    changed = change(api, "a")
    change(api, "e")
    change(api, "b", None)

    shop.release(publisher, "two", instead_of=first, items=delivered(at))

    assert (client.item("a").title, client.item("e").title) == ("Mine", "Mine")
    assert client.item("a").changed_at == changed.changed_at
    with pytest.raises(UnknownItemError):
        client.item("b")
    assert ids(client.recommendations("u")) == "a"
    assert client.about().n_items == 4


def test_a_newer_delivery_replaces_a_change_and_brings_a_removed_item_back(
    publisher: Engine, api: Engine, first: int, client: Client
) -> None:
    change(api, "a")
    change(api, "b", None)

    shop.release(publisher, "two", instead_of=first, items=delivered(NEW))

    assert client.item("a").title == "Amélie"
    assert client.item("b").changed_at == NEW
    assert ids(client.recommendations("u")) == "ab"


def test_a_snapshot_withdraws_only_items_that_are_older_than_it(
    publisher: Engine, api: Engine, first: int, client: Client
) -> None:
    change(api, "e")
    tables = {"items": delivered(OLD, "abc"), "fallback_lists": FALLBACK}

    second = shop.snapshot(publisher, "two", instead_of=first, **tables)

    assert client.item("e").title == "Mine"
    with pytest.raises(UnknownItemError):
        client.item("d")

    tables["items"] = delivered(NEW, "abc")
    shop.snapshot(publisher, "three", instead_of=second, **tables)

    with pytest.raises(UnknownItemError):
        client.item("e")


def test_an_item_that_a_snapshot_withdrew_can_be_put_again(
    publisher: Engine, api: Engine, first: int, client: Client
) -> None:
    tables = {"items": delivered(OLD, "abc"), "fallback_lists": FALLBACK}
    shop.snapshot(publisher, "two", instead_of=first, **tables)
    assert client.about().n_items == 3

    assert change(api, "d").status == "created"

    assert (client.item("d").title, client.about().n_items) == ("Mine", 4)


def test_changes_during_a_publication_are_kept(
    publisher: Engine, api: Engine, first: int, client: Client
) -> None:
    """One while its lists are copied does not wait; one after its items were merged waits."""
    batches = shop.tables(items=delivered(NOW - timedelta(hours=1)))
    waiting = Thread(target=change, args=(api, "b"))

    def copied() -> Iterator[pa.RecordBatch]:
        change(api, "a")  # would wait for the publication if that had merged its items
        yield from batches["fallback_lists"]

    fit = replace(
        shop.FIT,
        retrain_id="two",
        counts={n: sum(b.num_rows for b in t) for n, t in batches.items()},
    )
    started: list[bool] = []

    def start(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if "analyze items" in statement and not started:
            started.append(True)
            waiting.start()
            _wait_for_lock(api)

    event.listen(publisher, "before_cursor_execute", start)
    tables = {**batches, "fallback_lists": copied()}
    publish(publisher, fit, tables, actor="x", reason="A test.", instead_of=first)
    waiting.join(timeout=10)

    assert started
    assert (client.item("a").title, client.item("b").title) == ("Mine", "Mine")
    assert client.recommendations("u").items[0].title == "Mine"


def _wait_for_lock(api: Engine) -> None:
    with api.connect() as connection:
        lock_waits.wait_for(connection)
