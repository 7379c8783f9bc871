"""The product's changes of items reach the lake once, and the newest of files and API counts."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from jobs import collect, refine
from serving.catalogue_changes import changes
from serving.catalogue_changes.changes import Change
from serving.catalogue_changes.content import MAX_ITEM_BYTES
from serving.errors import OutboxRestoredError
from serving.schemas import ItemContent
from serving.storage import pruning
from tests.support.jobs.product import NOW, deliver, product, rows_of
from tests.support.runs import under
from tests.support.serving import shop
from tests.support.serving.shop import rows
from warehouse.append import Mark, append
from warehouse.datasets import Dataset
from warehouse.delta import Warehouse
from warehouse.query import Lake
from warehouse.run_keys import RunKey
from warehouse.tables import (
    BRONZE_ITEM_CHANGES,
    BRONZE_ITEMS,
    BRONZE_LANDINGS,
    BRONZE_RATINGS,
    SILVER_ITEMS,
    SILVER_REFINEMENTS,
)
from warehouse.tables.vocabulary import NOTHING_TO_DO

PRODUCT = product(
    users=None,
    items={
        "file": "items*.csv",
        "item": "item",
        "title": "title",
        "categories": "kinds",
        "attributes": {"price": "number"},
    },
)
HEAT = ItemContent(title="Heat", categories=("Crime",), attributes={"price": 9.5})


def change(engine: Engine, item_id: str, content: ItemContent | None = HEAT) -> None:
    with engine.begin() as connection:
        changes.apply(connection, Change(item_id, content), sent_by="shop")


def collected(root: str, engine: Engine, run: str = "1", size: int | None = None) -> int:
    key = RunKey("product__collect", run, "collect")
    return collect.run(root, PRODUCT, engine, run_key=key, size=size)


@pytest.fixture
def root(tmp_path: Path) -> str:
    return str(tmp_path / "lake")


@pytest.fixture
def released(publisher: Engine) -> None:
    shop.release(publisher, "one", instead_of=None)


@pytest.mark.usefixtures("released")
def test_changes_are_collected_once_as_they_were_sent(
    root: str, publisher: Engine, owner: Engine
) -> None:
    change(owner, "e")
    change(owner, "a", None)

    assert collected(root, publisher) == 0
    assert collected(root, publisher, "2") == NOTHING_TO_DO

    lake = Lake(root)
    stored = sorted(lake.rows(BRONZE_ITEM_CHANGES), key=lambda row: row["changed_at"])
    assert [(row["item_id"], row["title"], row["removed"]) for row in stored] == [
        ("e", "Heat", False),
        ("a", "Amélie", True),
    ]
    assert dict(stored[0]["attributes"]) == {"price": "9.5"}
    assert [row["source_line"] for row in stored] == [1, 2]  # in the order of the changes
    assert [row["sent_by"] for row in stored] == ["shop", "shop"]
    [landing] = lake.rows(BRONZE_LANDINGS)
    assert (landing["target"], landing["n_rows"]) == ("item_changes", 2)
    [[until, n]] = rows(owner, "select until, n_changes from item_changes_cursor")
    assert (until, n) == (lake.mark(BRONZE_ITEM_CHANGES, collect.OF_ITEMS.name), 2)


@pytest.mark.usefixtures("released")
def test_a_batch_ends_with_a_transaction_and_the_next_one_goes_on(
    root: str, publisher: Engine, owner: Engine
) -> None:
    for item_id in "efg":
        change(owner, item_id)

    collected(root, publisher, size=1)

    assert [row["n_rows"] for row in Lake(root).rows(BRONZE_LANDINGS)] == [1, 1, 1]
    assert len(Lake(root).rows(BRONZE_ITEM_CHANGES)) == 3


@pytest.mark.usefixtures("released")
def test_few_changes_are_in_memory_at_once_as_items_may_be_large(
    root: str, publisher: Engine, owner: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert collect.OF_ITEMS.size * MAX_ITEM_BYTES < 200_000_000
    monkeypatch.setattr(collect, "OF_ITEMS", replace(collect.OF_ITEMS, size=2))
    for item_id in "efg":
        change(owner, item_id)

    collected(root, publisher)

    assert sorted(row["n_rows"] for row in Lake(root).rows(BRONZE_LANDINGS)) == [1, 2]


@pytest.mark.usefixtures("released")
def test_a_killed_run_is_completed(
    root: str, publisher: Engine, owner: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    change(owner, "e")
    with monkeypatch.context() as patch:
        patch.setattr(collect, "_complete", lambda *_: False)
        collected(root, publisher)
    assert not Lake(root).exists(BRONZE_LANDINGS)

    assert collected(root, publisher, "2") == 0

    assert [row["n_rows"] for row in Lake(root).rows(BRONZE_LANDINGS)] == [1]
    assert len(Lake(root).rows(BRONZE_ITEM_CHANGES)) == 1
    assert rows(owner, "select n_changes from item_changes_cursor") == [(1,)]


@pytest.mark.usefixtures("released")
def test_only_collected_changes_are_pruned(root: str, publisher: Engine, owner: Engine) -> None:
    change(owner, "e")
    collected(root, publisher)
    change(owner, "f")
    later = datetime.now(UTC) + timedelta(days=1)

    pruned = pruning.prune(
        publisher,
        events_before=later,
        users_before=later,
        audit_before=later,
        lists_before=later,
    )

    assert pruned["item_changes"].n_rows == 1
    assert rows(owner, "select item_id from item_changes") == [("f",)]


@pytest.mark.usefixtures("released")
def test_an_outbox_that_is_behind_the_lake_is_not_read(root: str, publisher: Engine) -> None:
    append(
        root,
        BRONZE_ITEM_CHANGES,
        [sent("x", "e", 0)],
        run_key=RunKey("dag", "x", "collect"),
        mark=Mark(collect.OF_ITEMS.name, 2**40),
    )

    with pytest.raises(OutboxRestoredError):
        collected(root, publisher)


def sent(
    landing: str, item_id: str, day: int, title: str = "From the API", **columns: object
) -> dict[str, object]:
    """Return a change of a day after `NOW` as bronze has it."""
    at = NOW + timedelta(days=day)
    return {
        "change_id": f"{landing}-{item_id}-{day}",
        "item_id": item_id,
        "title": title,
        "categories": ["API"],
        "vendor": None,
        "released": None,
        "attributes": [("price", "2"), ("gone", "x")],
        "removed": False,
        "changed_at": at,
        "received_at": at,
        "sent_by": "shop",
        "landing_id": landing,
        "source_line": 1,
        "run_key": landing,
    } | columns


def send(root: str, landing: str, *changed: dict[str, object]) -> None:
    """Write changes to bronze as `collect` does."""
    landed = {"landing_id": landing, "target": "item_changes", "n_rows": len(changed)}
    landed |= {"source_file": "item_changes", "sha256": landing, "run_key": landing}
    landed |= {"landed_at": NOW + timedelta(days=9)}  # when it was collected says nothing
    key = RunKey("dag", landing, "collect")
    append(root, BRONZE_ITEM_CHANGES, list(changed), run_key=key)
    append(root, BRONZE_LANDINGS, [landed], run_key=key)


def file(warehouse: Warehouse, landing: str, day: int, **titles: str) -> None:
    """Land a file of items with these titles a number of days after `NOW`."""
    items = [{"item_id": i, "title": title, "categories": "x|y"} for i, title in titles.items()]
    key = RunKey("dag", landing, "land")
    at = {"landing_id": landing, "source_file": f"{landing}.csv", "run_key": landing}
    lines = [row | at | {"source_line": n} for n, row in enumerate(items, start=1)]
    landed = at | {"target": "items", "n_rows": len(lines), "sha256": landing}
    landed |= {"landed_at": NOW + timedelta(days=day)}
    append(warehouse.root, BRONZE_ITEMS, lines, run_key=key)
    append(warehouse.root, BRONZE_LANDINGS, [landed], run_key=key)


def refined(warehouse: Warehouse, run: str, dataset: Dataset = PRODUCT) -> None:
    refine.run(under(warehouse, f"ingest/{run}/refine"), dataset, now=NOW + timedelta(days=10))


def titles(warehouse: Warehouse) -> dict[str, str]:
    return dict(rows_of(warehouse, SILVER_ITEMS, "item_id", "title"))


def test_the_newest_of_files_and_api_is_the_item_in_whatever_order_they_are_refined(
    warehouse: Warehouse,
) -> None:
    file(warehouse, "one", 1, a="A1", b="B1", c="C1")
    refined(warehouse, "1")
    send(
        warehouse.root,
        "x",
        sent("x", "a", 3, "A3"),
        sent("x", "a", 2, "A2"),
        sent("x", "b", 3, removed=True),
        sent("x", "n", 3, "N3"),
        sent("x", "c", 0, "C0"),  # older than the file
    )
    refined(warehouse, "2")
    assert titles(warehouse) == {"a": "A3", "c": "C1", "n": "N3"}
    assert rows_of(warehouse, SILVER_REFINEMENTS, "target", "n_accepted", "n_duplicates") == [
        ("item_changes", 4, 1),
        ("items", 3, 0),
    ]
    stored = {row["item_id"]: row for row in Lake(warehouse.root).rows(SILVER_ITEMS)}
    assert (stored["a"]["categories"], dict(stored["a"]["attributes"])) == (["API"], {"price": "2"})
    assert stored["a"]["changed_at"] == NOW + timedelta(days=3)

    file(warehouse, "two", 2, a="late", b="late", c="C2")  # landed before the API's changes
    refined(warehouse, "3")
    assert titles(warehouse) == {"a": "A3", "c": "C2", "n": "N3"}

    file(warehouse, "four", 4, a="A4", b="B4")
    refined(warehouse, "4")
    assert titles(warehouse) == {"a": "A4", "b": "B4", "c": "C2", "n": "N3"}

    before = Lake(warehouse.root).rows(SILVER_ITEMS)
    corrected = PRODUCT.model_copy(
        update={"items": PRODUCT.items.model_copy(update={"categories_separator": ","})}  # type: ignore[union-attr] # it has items
    )
    refined(warehouse, "5", corrected)  # silver is written anew
    assert titles(warehouse) == {row["item_id"]: row["title"] for row in before}


def test_items_without_files_are_those_of_events_and_of_the_api(warehouse: Warehouse) -> None:
    no_items = product(users=None, items=None)
    rating = {"user_id": "u", "rating": "4", "rated_at": "1000"}
    deliver(
        warehouse.root,
        BRONZE_RATINGS,
        "r",
        *({"item_id": item_id} | rating for item_id in "abc"),
    )
    send(warehouse.root, "x", sent("x", "a", 1, "A"), sent("x", "b", 1, removed=True))
    refined(warehouse, "1", no_items)

    assert titles(warehouse) == {"a": "A", "c": "c"}
