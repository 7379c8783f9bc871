"""Corrections count: of the manifest, of a file that is read differently, of a snapshot."""

from typing import Any

import pytest

from jobs import refine
from tests.support.jobs.product import NOW, collect, contents, deliver, kill, product, rows_of, shop
from tests.support.runs import under
from warehouse.delta import Warehouse
from warehouse.query import Lake
from warehouse.tables import (
    BRONZE_CATEGORIES,
    BRONZE_EVENTS,
    BRONZE_ITEMS,
    BRONZE_RATINGS,
    SILVER_EVENTS,
    SILVER_INTERACTIONS,
    SILVER_ITEM_INDEX,
    SILVER_ITEMS,
    SILVER_QUARANTINE,
    SILVER_REFINEMENTS,
    SILVER_USER_INDEX,
)

SILVER = (SILVER_EVENTS, SILVER_INTERACTIONS, SILVER_ITEMS, SILVER_QUARANTINE, SILVER_REFINEMENTS)
COUNTS = ("landing_id", "n_rows", "n_accepted", "n_duplicates", "n_quarantined", "n_dropped")


def rating(user: str, item: str, stars: str, at: str = "100") -> dict[str, Any]:
    return {"user_id": user, "item_id": item, "rating": stars, "rated_at": at}


def event(user: str, item: str, kind: str | None, section: str, at: str = "100") -> dict[str, Any]:
    sent = {"user_id": user, "item_id": item, "kind": kind, "occurred_at": at}
    return sent | {"section": section, "extra": {"n": "1" if item != "returned" else "-1"}}


def refined(warehouse: Warehouse, dataset: Any, run: str) -> None:
    refine.run(under(warehouse, f"ingest/{run}/refine"), dataset, now=NOW)


def pairs(warehouse: Warehouse) -> list[tuple[Any, ...]]:
    return rows_of(warehouse, SILVER_INTERACTIONS, "user_id", "item_id", "rating")


def test_a_corrected_manifest_refines_all_rows_again(warehouse: Warehouse) -> None:
    wrong = product(users=None, floors={"max_quarantine_share": 0.9})
    right = product(
        users=None,
        floors={"max_quarantine_share": 0.9},
        items=wrong.model_dump()["items"] | {"categories_separator": ";"},
        scale={"lowest": 1, "highest": 10, "step": 1, "relevant_from": 7},
    )
    deliver(warehouse.root, BRONZE_ITEMS, "items", {"item_id": "a", "categories": "x;y"})
    deliver(warehouse.root, BRONZE_RATINGS, "one", rating("u", "a", "9"), rating("v", "a", "3"))
    collect(
        warehouse.root, "feedback", ("unrate", "v", "a", None, 200), ("rate", "w", "a", 11.0, 1)
    )
    refined(warehouse, wrong, "1")
    assert pairs(warehouse) == []
    assert rows_of(warehouse, SILVER_ITEMS, "categories") == [(["x;y"],)]
    first_seen = rows_of(warehouse, SILVER_QUARANTINE, "landing_id", "source_line", "run_key")
    assert [row[:2] for row in first_seen] == [("feedback", 2), ("one", 1)]

    refined(warehouse, right, "2")

    assert pairs(warehouse) == [("u", "a", 9.0)]
    assert rows_of(warehouse, SILVER_ITEMS, "categories") == [(["x", "y"],)]
    assert rows_of(warehouse, SILVER_QUARANTINE, "landing_id", "source_line") == [("feedback", 2)]
    assert rows_of(warehouse, SILVER_REFINEMENTS, *COUNTS) == [
        ("feedback", 2, 1, 0, 1, 0),
        ("items", 1, 1, 0, 0, 0),
        ("one", 2, 2, 0, 0, 0),
    ]
    assert rows_of(warehouse, SILVER_USER_INDEX) == [("u", 1), ("v", 0)]  # they only grow

    before = [Lake(warehouse.root).version(table) for table in SILVER]
    refined(warehouse, right, "3")
    assert [Lake(warehouse.root).version(table) for table in SILVER] == before


def test_a_landing_that_is_read_again_replaces_its_rows(warehouse: Warehouse) -> None:
    dataset = product(items=None, users=None)
    deliver(warehouse.root, BRONZE_RATINGS, "one", rating("a", "u", "5"))  # columns were swapped
    refined(warehouse, dataset, "1")
    deliver(warehouse.root, BRONZE_RATINGS, "two", rating("u", "a", "5"), replaces=["one"])

    refined(warehouse, dataset, "2")

    assert pairs(warehouse) == [("u", "a", 5.0)]
    assert rows_of(warehouse, SILVER_ITEMS, "item_id") == [("a",)]
    assert rows_of(warehouse, SILVER_REFINEMENTS, *COUNTS) == [
        ("one", 1, 0, 1, 0, 0),
        ("two", 1, 1, 0, 0, 0),
    ]
    assert rows_of(warehouse, SILVER_ITEM_INDEX) == [("a", 1), ("u", 0)]


@pytest.mark.soak
def test_a_run_killed_while_silver_is_rebuilt_is_finished_by_the_next(
    warehouse: Warehouse,
) -> None:
    deliver(warehouse.root, BRONZE_RATINGS, "one", rating("u", "a", "5"), rating("v", "a", "9"))
    floors = {"max_quarantine_share": 0.9}
    refined(warehouse, product(items=None, users=None, floors=floors), "1")
    scale = {"lowest": 1, "highest": 10, "step": 1, "relevant_from": 7}
    right = product(items=None, users=None, floors=floors, scale=scale)
    with pytest.MonkeyPatch.context() as killing:
        killing.setattr(refine, "record", kill)  # the last step
        with pytest.raises(KeyboardInterrupt):
            refined(warehouse, right, "2")

    refined(warehouse, right, "3")

    once = contents(warehouse, *SILVER)
    assert pairs(warehouse) == [("u", "a", 5.0), ("v", "a", 9.0)]
    assert once["silver.refinements"][0][2:6] == (2, 2, 0, 0)


def test_files_of_several_entries_are_events_with_their_own_kinds_and_conditions(
    warehouse: Warehouse,
) -> None:
    entries = [
        {"file": "clicks*.csv", "kind": "view"},
        {"file": "orders*.csv", "kind_column": "what", "keep_if": "n > 0"},
    ]
    dataset = shop(events=entries, items=None, floors={"max_quarantine_share": 0.5})
    clicks, orders = "clicks*.csv", "orders*.csv"
    deliver(warehouse.root, BRONZE_EVENTS, "c", event("u", "a", None, clicks))
    deliver(
        warehouse.root,
        BRONZE_EVENTS,
        "o",
        event("u", "a", "buy", orders),
        event("u", "a", "buy", orders),
        event("u", "returned", "buy", orders),
        event("u", "b", "steal", orders),
    )

    refined(warehouse, dataset, "1")

    kinds = rows_of(warehouse, SILVER_INTERACTIONS, "item_id", "kinds")
    [(item_id, by_kind)] = kinds
    assert (item_id, {kind: of["n"] for kind, of in by_kind.items()}) == (
        "a",
        {"view": 1, "buy": 1},
    )
    assert rows_of(warehouse, SILVER_REFINEMENTS, *COUNTS) == [
        ("c", 1, 1, 0, 0, 0),
        ("o", 4, 1, 1, 1, 1),
    ]
    [(sent,)] = rows_of(warehouse, SILVER_QUARANTINE, "sent")
    assert '"kind":"steal"' in sent
    assert rows_of(warehouse, SILVER_ITEMS, "item_id") == [("a",)]


def test_a_snapshot_withdraws_what_it_lacks(warehouse: Warehouse) -> None:
    entries = [{"file": "clicks*.csv", "kind": "view"}, {"file": "orders*.csv", "kind": "buy"}]
    dataset = shop(
        events=entries,
        source={"kind": "inbox", "delivery": "snapshots"},
        categories={"file": "categories.csv"},
    )
    root, clicks, orders = warehouse.root, "clicks*.csv", "orders*.csv"
    deliver(root, BRONZE_ITEMS, "items-1", {"item_id": "a"}, {"item_id": "p7"})
    deliver(root, BRONZE_CATEGORIES, "kinds", {"item_id": "a", "category": "garden"})
    deliver(root, BRONZE_EVENTS, "clicks-1", event("u", "a", None, clicks))
    deliver(root, BRONZE_EVENTS, "orders-1", event("u", "a", None, orders))
    refined(warehouse, dataset, "1")

    deliver(root, BRONZE_ITEMS, "items-2", {"item_id": "a", "title": "Spade"})
    deliver(root, BRONZE_EVENTS, "clicks-2", event("v", "a", None, clicks))
    refined(warehouse, dataset, "2")

    found = rows_of(warehouse, SILVER_ITEMS, "item_id", "title", "categories")
    assert found == [("a", "Spade", ["garden"])]
    kinds = {
        user: [*of] for user, of in rows_of(warehouse, SILVER_INTERACTIONS, "user_id", "kinds")
    }
    assert kinds == {"u": ["buy"], "v": ["view"]}
