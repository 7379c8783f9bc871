"""Small and odd data through a retrain in which a single user is enough for a comparison."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from tests.support.jobs import silver, without_postgres
from tests.support.jobs.product import product, send, shop
from warehouse.datasets import Dataset
from warehouse.delta import Warehouse
from warehouse.query import Lake
from warehouse.run_keys import RunKey
from warehouse.tables import GOLD_FALLBACK_LISTS, GOLD_RECOMMENDATIONS, SILVER_ITEMS

FLOORS = {"min_test_users": 1, "min_coverage": 0}
STARS = product(floors=FLOORS)
PURCHASES = shop(floors=FLOORS)
TIMELESS = shop(
    floors=FLOORS, events=[{"file": "events*.csv", "kind_column": "kind", "time": False}]
)
NOW = datetime(2026, 6, 1, tzinfo=UTC)
Rows = list[tuple[str, str, int]]  # user, item, second


def everybody_likes_everything() -> Rows:
    return [(f"u{u}", f"i{i}", u * 9 + i) for u in range(9) for i in range(6)]


def one_instant() -> Rows:
    return [(f"u{u}", f"i{(u + n) % 7}", 100) for u in range(9) for n in range(4)]


def one_user() -> Rows:
    return [("u", f"i{at}", at) for at in range(12)]


def one_item() -> Rows:
    return [(f"u{at}", "i", at) for at in range(12)]


def one_user_and_one_item() -> Rows:
    return [("u", "i", 1)]


def all_users_are_new() -> Rows:
    return [(f"u{at}", f"i{at % 3}", at) for at in range(20)]


def events_of(dataset: Dataset, rows: Rows, kind: str) -> list[silver.Event]:
    """Return the rows as events of the kind, or as 5 stars if the data set has a scale."""
    what = ("rate", 5.0) if dataset.has_scale else (kind, None)
    return [(user, item, *what, second) for user, item, second in rows]


def rows_of(root: str, table: Any, verdict: dict[str, Any]) -> list[dict[str, Any]]:
    equals = {"retrain_id": verdict["retrain_id"]}
    return Lake(root).rows(table, equals=equals)


@pytest.mark.parametrize(
    ("rows", "dataset", "kind", "recipe"),
    [
        (everybody_likes_everything, STARS, "rate", ""),
        (everybody_likes_everything, PURCHASES, "view", "item_item"),  # no event is positive
        pytest.param(one_instant, PURCHASES, "buy", "item_item", marks=pytest.mark.soak),
        pytest.param(one_user, PURCHASES, "buy", "item_item", marks=pytest.mark.soak),
        pytest.param(one_item, STARS, "rate", "item_item", marks=pytest.mark.soak),
        (one_user_and_one_item, TIMELESS, "buy", ""),
        pytest.param(all_users_are_new, TIMELESS, "buy", "item_item", marks=pytest.mark.soak),
    ],
)
def test_odd_data_get_a_verdict_in_a_sentence_and_lists(
    spark: SparkSession,
    tmp_path: Path,
    rows: Callable[[], Rows],
    dataset: Dataset,
    *,
    kind: str,
    recipe: str,
) -> None:
    warehouse = Warehouse(spark, str(tmp_path), run_key=RunKey("p__ingest", "one", "refine"))
    silver.write(warehouse, dataset, events_of(dataset, rows(), kind))

    verdict, _ = without_postgres.retrain(warehouse, dataset, recipe=recipe)

    assert verdict["verdict"] == "first"
    assert verdict["reason"].startswith("First release")
    assert verdict["reason"].endswith(".")
    items = {item for _, item, _ in rows()}
    fallbacks = rows_of(warehouse.root, GOLD_FALLBACK_LISTS, verdict)
    assert {*next(x["item_ids"] for x in fallbacks if not x["segment"])} == items
    for row in rows_of(warehouse.root, GOLD_RECOMMENDATIONS, verdict):
        assert row["item_ids"]
        if kind != "view":  # which leaves an item on the list
            assert not {*row["item_ids"]} & {i for u, i, _ in rows() if u == row["user_id"]}
        assert {*row["item_ids"]} <= items


@pytest.mark.soak
def test_fewer_rows_than_before_leave_no_list_of_what_was_withdrawn(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    dataset = product(floors=FLOORS, users=None, source={"kind": "inbox", "delivery": "snapshots"})
    inbox = tmp_path / "inbox"
    deliver(inbox, n_users=8, n_items=12)
    without_postgres.ingest(warehouse, dataset, inbox, now=NOW)
    deliver(inbox, n_users=4, n_items=5)

    without_postgres.ingest(warehouse, dataset, inbox, now=NOW, run="two")
    verdict, _ = without_postgres.retrain(warehouse, dataset, recipe="item_item")

    assert verdict["verdict"] == "first"
    items = {row["item_id"] for row in Lake(warehouse.root).rows(SILVER_ITEMS)}
    assert items == {f"i{at}" for at in range(5)}
    lists = rows_of(warehouse.root, GOLD_RECOMMENDATIONS, verdict)
    fallbacks = rows_of(warehouse.root, GOLD_FALLBACK_LISTS, verdict)
    listed = {item for row in [*lists, *fallbacks] for item in row["item_ids"]}
    assert listed
    assert listed <= items
    assert {row["user_id"] for row in lists} <= {f"u{at}" for at in range(4)}


def deliver(inbox: Path, *, n_users: int, n_items: int) -> None:
    """Send a snapshot in which each user likes every second item."""
    pairs = [(u, i) for u in range(n_users) for i in range(n_items) if (u + i) % 3]
    ratings = (f"u{u},i{i},{5 - (u + i) % 2},{1000 + u * n_items + i}" for u, i in pairs)
    send(inbox, "ratings.csv", "user,item,stars,at", *ratings)
    titles = (f"i{at},Title {at},a" for at in range(n_items))
    send(inbox, "items.csv", "item,title,kinds", *titles)
