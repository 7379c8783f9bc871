"""Events of the manifest's kinds that the product sent: each counts once, also beside files."""

from datetime import UTC, datetime
from itertools import product
from typing import Any

import pytest

from jobs import refine
from tests.support.jobs.product import NOW, Event, collect, deliver, rows_of, shop
from tests.support.runs import under
from warehouse.datasets import Dataset
from warehouse.delta import Warehouse
from warehouse.query import Lake
from warehouse.reconciliation import reconcile
from warehouse.tables import (
    BRONZE_EVENTS,
    SILVER_EVENTS,
    SILVER_INTERACTIONS,
    SILVER_QUARANTINE,
)

ENTRY = {"file": "events*.csv", "kind_column": "kind", "value": "n", "time": "at"}
KINDS = {"buy": {"weight": 5}, "view": {}, "heard": {"value": "share"}}
SHOP = shop(events=[ENTRY], kinds=KINDS, items=None)
BUY: Event = ("buy", "u", "a", None, 100)
UNDO: Event = ("undo", "u", "a", None, 200)
OF_UNDO = {
    "value": 2.0,
    "undone_kind": "buy",
    "undone_at": datetime.fromtimestamp(100, UTC),
}
ORDERS = (("send", "undo", "export"), ("send", "export", "undo"), ("export", "send", "undo"))
Rows = list[tuple[Any, ...]]


def refined(warehouse: Warehouse, run: str, dataset: Dataset = SHOP) -> None:
    refine.run(under(warehouse, f"ingest/{run}/refine"), dataset, now=NOW)


def in_file(kind: str = "buy", value: str | None = "2", second: int = 100) -> dict[str, Any]:
    row = {"user_id": "u", "item_id": "a", "kind": kind, "value": value}
    return row | {"occurred_at": str(second), "section": ENTRY["file"]}


def bought(warehouse: Warehouse) -> Rows:
    """Return number and amount of the purchases of each pair."""
    rows = rows_of(warehouse, SILVER_INTERACTIONS, "kinds")
    return [(kinds["buy"]["n"], kinds["buy"]["amount"]) for [kinds] in rows if "buy" in kinds]


def test_an_event_of_the_product_has_its_value_and_its_list(warehouse: Warehouse) -> None:
    events: list[Event] = [BUY, ("view", "u", "a", None, 50), ("buy", "u", "a", None, 120)]
    more: dict[int, dict[str, Any]] = {1: {"value": 2.0, "list_id": "l1"}, 3: {"value": 3.0}}
    collect(warehouse.root, "one", *events, more=more)
    refined(warehouse, "1")

    rows = rows_of(warehouse, SILVER_EVENTS, "kind", "value", "list_id", "rating")
    assert sorted(rows, key=str) == [
        ("buy", 2.0, "l1", None),
        ("buy", 3.0, None, None),
        ("view", None, None, None),
    ]
    assert bought(warehouse) == [(2, 5.0)]
    assert reconcile(Lake(warehouse.root)).n_accepted == 3


@pytest.mark.parametrize(("product_first", "at_once"), [(1, 0), (0, 0), (1, 1)])
def test_an_event_that_a_file_contains_too_counts_once(
    warehouse: Warehouse, *, product_first: bool, at_once: bool
) -> None:
    def send() -> None:
        collect(warehouse.root, "sent", BUY, more={1: {"value": 2.0, "list_id": "l1"}})

    def export() -> None:
        deliver(warehouse.root, BRONZE_EVENTS, "file", in_file(), in_file(second=101))

    for number, step in enumerate((send, export) if product_first else (export, send)):
        step()
        if not at_once:
            refined(warehouse, str(number))
    refined(warehouse, "last")

    assert bought(warehouse) == [(2, 4.0)]
    assert len(rows_of(warehouse, SILVER_EVENTS, "event_id")) == 2


@pytest.mark.parametrize(("order", "at_once"), [*product(ORDERS, [False]), (ORDERS[0], True)])
def test_an_undone_event_does_not_count_though_a_file_contains_it(
    warehouse: Warehouse, order: tuple[str, ...], *, at_once: bool
) -> None:
    def step(name: str) -> None:
        if name == "send":
            collect(warehouse.root, "sent", BUY, more={1: {"value": 2.0}})
        elif name == "undo":
            collect(warehouse.root, "undone", UNDO, undoes={1: "sent-1"}, more={1: OF_UNDO})
        else:
            deliver(warehouse.root, BRONZE_EVENTS, "file", in_file(), in_file(second=101))

    for name in order:
        step(name)
        if not at_once:
            refined(warehouse, name)
    refined(warehouse, "last")
    assert bought(warehouse) == [(1, 2.0)]

    rebuilt = shop(events=[ENTRY], kinds=KINDS | {"other": {}}, items=None)
    refined(warehouse, "rebuild", rebuilt)
    assert bought(warehouse) == [(1, 2.0)]
    counts = reconcile(Lake(warehouse.root))
    assert (counts.n_waiting, counts.n_accepted + counts.n_duplicates) == (0, 2)


def test_an_event_of_a_kind_that_the_manifest_lost_waits_in_quarantine(
    warehouse: Warehouse,
) -> None:
    without = shop(events=[ENTRY], kinds={"view": {}}, items=None)
    collect(
        warehouse.root,
        "one",
        BUY,
        ("view", "u", "b", None, 1),
        ("heard", "u", "b", None, 2),
        ("view", "u", "b", None, 3),
        more={1: {"value": 2.0}, 3: {"value": 1.5}, 4: {"value": -1.0}},
    )
    refined(warehouse, "1", without)

    failed = dict(rows_of(warehouse, SILVER_QUARANTINE, "source_line", "failed_checks"))
    assert failed == {1: ["kind_unknown"], 3: ["kind_unknown"], 4: ["value_negative"]}
    refined(warehouse, "2")
    failed = dict(rows_of(warehouse, SILVER_QUARANTINE, "source_line", "failed_checks"))
    assert failed == {3: ["value_not_a_share"], 4: ["value_negative"]}
    assert bought(warehouse) == [(1, 2.0)]
