"""A lake whose silver tables have the given events, as `refine` writes them."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pyspark.sql import functions as F

from jobs.engine import interactions
from jobs.engine.interactions import Meanings
from warehouse.append import append
from warehouse.tables import (
    SILVER_EVENTS,
    SILVER_INTERACTIONS,
    SILVER_ITEM_INDEX,
    SILVER_ITEMS,
    SILVER_REFINEMENTS,
    SILVER_USER_INDEX,
    Table,
)

if TYPE_CHECKING:
    from warehouse.datasets import Dataset
    from warehouse.delta import Warehouse

Event = tuple[str, str, str, float | None, int]  # user, item, kind, number, second


def write(
    warehouse: "Warehouse",
    dataset: "Dataset",
    events: Sequence[Event],
    *,
    titled: Sequence[str] | None = None,
    categories: Mapping[str, str] | None = None,
) -> None:
    """Write the events, their interactions, and the `titled` items: by default those of events.

    An item's only category is `all` if `categories` has none for it.
    """
    users = sorted({user for user, *_ in events})
    titles = sorted({item for _, item, *_ in events}) if titled is None else titled
    items = sorted({item for _, item, *_ in events}.union(titles))
    rows = [
        {
            "event_id": f"{at:032x}",
            "kind": kind,
            "user_id": user,
            "item_id": item,
            "rating": number if kind == "rate" else None,
            "value": None if kind == "rate" else number,
            "occurred_at": datetime.fromtimestamp(second, UTC),
            "landing_id": "l",
            "run_key": "k",
        }
        for at, (user, item, kind, number, second) in enumerate(events)
    ]
    refined = {
        "landing_id": "l", "target": "events", "n_rows": len(rows), "n_accepted": len(rows),
        "n_quarantined": 0, "n_duplicates": 0, "n_unknown_items": 0, "run_key": "k",
        "refined_at": datetime.fromtimestamp(0, UTC),
    }  # fmt: skip
    category_of = {} if categories is None else categories
    described = [
        {"item_id": x, "title": x, "categories": [category_of.get(x, "all")], "released": 2000}
        for x in titles
    ]
    tables: dict[Table, list[dict[str, Any]]] = {
        SILVER_EVENTS: rows,
        SILVER_ITEMS: described,
        SILVER_USER_INDEX: [{"user_id": u, "user_index": at} for at, u in enumerate(users)],
        SILVER_ITEM_INDEX: [{"item_id": i, "item_index": at} for at, i in enumerate(items)],
        SILVER_REFINEMENTS: [refined],
    }
    append_all(warehouse, tables)
    pair = interactions.interaction(Meanings.of(dataset)).alias("pair")
    pairs = warehouse.read(SILVER_EVENTS).groupBy("user_id", "item_id").agg(pair)
    present = pairs.select("user_id", "item_id", "pair.*")
    kept = present.where(F.col("rating").isNotNull() | F.col("kinds").isNotNull())
    append(warehouse.root, SILVER_INTERACTIONS, kept.toArrow(), run_key=warehouse.run_key)


def append_all(warehouse: "Warehouse", tables: Mapping[Table, list[dict[str, Any]]]) -> None:
    """Append the rows to each table; a column that a row lacks is null."""
    for table, rows in tables.items():
        complete = [{name: row.get(name) for name in table.names} for row in rows]
        append(warehouse.root, table, complete, run_key=warehouse.run_key)
