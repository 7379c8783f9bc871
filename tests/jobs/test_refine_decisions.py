"""`refine` obeys operators' decisions on rows in quarantine."""

from typing import Any

import pytest

from jobs import refine
from jobs.refinement.pending import pending_batch
from tests.support.jobs.deciding import decide
from tests.support.jobs.product import NOW, collect, deliver, product, rows_of, shop
from tests.support.runs import under
from warehouse.delta import Warehouse
from warehouse.query import Lake
from warehouse.tables import (
    BRONZE_EVENTS,
    BRONZE_RATINGS,
    SILVER_EVENTS,
    SILVER_INTERACTIONS,
    SILVER_QUARANTINE,
    SILVER_REFINEMENTS,
)

SILVER = (SILVER_EVENTS, SILVER_INTERACTIONS, SILVER_QUARANTINE, SILVER_REFINEMENTS)
LOOSE = {"max_quarantine_share": 0.9}


def rating(user: str, stars: str, at: str = "100") -> dict[str, Any]:
    return {"user_id": user, "item_id": "a", "rating": stars, "rated_at": at}


def refined(warehouse: Warehouse, dataset: Any, run: str) -> None:
    refine.run(under(warehouse, f"ingest/{run}/refine"), dataset, now=NOW)


def stars(warehouse: Warehouse) -> list[tuple[Any, ...]]:
    return rows_of(warehouse, SILVER_INTERACTIONS, "user_id", "rating")


def rejected(warehouse: Warehouse) -> list[tuple[Any, ...]]:
    names = ("landing_id", "source_line", "failed_checks")
    return rows_of(warehouse, SILVER_QUARANTINE, *names)


@pytest.mark.soak
def test_released_rows_enter_silver_until_that_is_taken_back(warehouse: Warehouse) -> None:
    dataset = product(items=None, users=None, floors=LOOSE)
    deliver(
        warehouse.root, BRONZE_RATINGS, "one", rating("u", "11"), rating("", "11"), rating("v", "3")
    )
    deliver(warehouse.root, BRONZE_RATINGS, "two", rating("w", "9"))
    collect(warehouse.root, "api", ("rate", "x", "a", 7.0, 1))
    refined(warehouse, dataset, "1")
    assert stars(warehouse) == [("v", 3.0)]
    before = rejected(warehouse)

    decide(warehouse.root, "reject", landing_id="two")
    versions = [Lake(warehouse.root).version(table) for table in SILVER]
    refined(warehouse, dataset, "2")
    assert [Lake(warehouse.root).version(table) for table in SILVER] == versions

    decide(warehouse.root, "release", landing_id="one")
    decide(warehouse.root, "release", target="feedback")
    refined(warehouse, dataset, "3")

    assert stars(warehouse) == [("u", 11.0), ("v", 3.0), ("x", 7.0)]
    assert rejected(warehouse) == [
        ("one", 2, ["user_missing"]),
        ("two", 1, ["rating_off_scale"]),
    ]
    counts = ("landing_id", "n_rows", "n_accepted", "n_quarantined")
    assert rows_of(warehouse, SILVER_REFINEMENTS, *counts) == [
        ("api", 1, 1, 0), ("one", 3, 2, 1), ("two", 1, 0, 1),
    ]  # fmt: skip
    versions = [Lake(warehouse.root).version(table) for table in SILVER]
    refined(warehouse, dataset, "4")
    assert [Lake(warehouse.root).version(table) for table in SILVER] == versions

    decide(warehouse.root, "reject")
    decide(warehouse.root, "reject", target="feedback")
    refined(warehouse, dataset, "5")
    assert stars(warehouse) == [("v", 3.0)]
    assert rejected(warehouse) == before


def test_a_released_event_whose_value_is_no_number_has_no_value(warehouse: Warehouse) -> None:
    events = [{"file": "plays*.csv", "kind": "view", "value": "n", "time": "at"}]
    dataset = shop(events=events, items=None, floors=LOOSE)
    sent = {"user_id": "u", "item_id": "a", "occurred_at": "100", "section": "plays*.csv"}
    deliver(warehouse.root, BRONZE_EVENTS, "plays", sent | {"value": "x"}, sent | {"value": "-2"})
    checks = ("value_not_a_number", "value_negative")
    decide(warehouse.root, "release", target="events", checks=checks)

    refined(warehouse, dataset, "1")

    assert rows_of(warehouse, SILVER_EVENTS, "kind", "value") == [("view", -2.0), ("view", None)]
    [(kinds,)] = rows_of(warehouse, SILVER_INTERACTIONS, "kinds")
    assert (kinds["view"]["n"], kinds["view"]["amount"]) == (2, -1.0)


def test_a_landing_whose_check_is_released_enters_silver_without_rows_that_fail_another(
    warehouse: Warehouse,
) -> None:
    dataset = product(items=None, users=None, floors=LOOSE)
    deliver(warehouse.root, BRONZE_RATINGS, "one", rating("u", "11"), rating("", "11"))
    deliver(warehouse.root, BRONZE_RATINGS, "two", rating("w", "9"), rating("v", "3"))
    decide(warehouse.root, "release", landing_id="one")
    decide(warehouse.root, "reject", landing_id="two")

    refined(warehouse, dataset, "1")

    assert stars(warehouse) == [("u", 11.0), ("v", 3.0)]
    assert rejected(warehouse) == [
        ("one", 2, ["user_missing"]),
        ("two", 1, ["rating_off_scale"]),
    ]
    pending = pending_batch(Lake(warehouse.root), dataset)
    assert (pending.landings, pending.rebuilds) == ((), False)
    decide(warehouse.root, "reject", landing_id="one")
    assert pending_batch(Lake(warehouse.root), dataset).rebuilds
