"""A product for tests of jobs: its manifest, its files, and its rows in the lake."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from warehouse import datasets
from warehouse.append import append
from warehouse.datasets import Dataset
from warehouse.query import Lake
from warehouse.run_keys import RunKey
from warehouse.settings import LakeSettings
from warehouse.tables import BRONZE_COLLECTIONS, BRONZE_FEEDBACK, BRONZE_LANDINGS, Table

if TYPE_CHECKING:
    from warehouse.delta import Warehouse

NOW = datetime(2026, 6, 1, tzinfo=UTC)
RATINGS = {"file": "ratings*.csv", "user": "user", "item": "item", "value": "stars", "time": "at"}
ITEMS = {"file": "items*.csv", "item": "item", "title": "title", "categories": "kinds"}
USERS = {"file": "users*.csv", "user": "user", "attributes": ["age"]}
HEADER = "user,item,stars,at"
Event = tuple[str, str, str, float | None, int]  # kind, user, item, rating, second


def product(**changes: Any) -> Dataset:
    """Return a data set that takes CSV files from its inbox, 1 to 5 stars."""
    fields = {
        "name": "product",
        "title": "Product",
        "licence": "Invented.",
        "source": {"kind": "inbox"},
        "ratings": RATINGS,
        "items": ITEMS,
        "users": USERS,
        "scale": {"lowest": 1, "highest": 5, "step": 1, "relevant_from": 4},
    }
    return Dataset.model_validate(fields | changes)


def shop(**changes: Any) -> Dataset:
    """Return a data set of views and purchases, without a scale."""
    fields = {
        "name": "product",
        "title": "Product",
        "licence": "Invented.",
        "source": {"kind": "inbox"},
        "events": [{"file": "events*.csv", "kind_column": "kind", "time": "at"}],
        "kinds": {"buy": {"weight": 5}, "view": {}},
        "items": ITEMS,
    }
    return Dataset.model_validate(fields | changes)


def install(monkeypatch: pytest.MonkeyPatch, dataset: Dataset, root: str) -> None:
    """Make the command lines of jobs use this data set, with its tables in `root`."""
    monkeypatch.setenv("LAKE_ROOT", root)
    monkeypatch.setenv("LAKE_INBOX", root)
    monkeypatch.setattr(LakeSettings, "of", lambda *_: root)
    monkeypatch.setattr(datasets, "load_named", lambda _: dataset)


def send(inbox: Path, name: str, *lines: str) -> Path:
    """Put a file of these lines into the inbox."""
    path = inbox / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def collect(
    root: str,
    landing: str,
    *events: Event,
    undoes: Mapping[int, str] | None = None,
    more: Mapping[int, dict[str, Any]] | None = None,
) -> None:
    """Write events to bronze as `collect` does; times are seconds since 1970.

    The event of line 1 of the landing `x` has the id `x-1`. `undoes` has undone ids by line, `more`
    has further columns by line.
    """
    at = {"received_at": NOW, "sent_by": "shop", "landing_id": landing, "run_key": landing}
    rows = [
        {
            "event_id": f"{landing}-{line}",
            "kind": kind,
            "user_id": user_id,
            "item_id": item_id,
            "rating": rating,
            "occurred_at": datetime.fromtimestamp(second, UTC),
            "source_line": line,
            "undoes": (undoes or {}).get(line),
        }
        | at
        | (more or {}).get(line, {})
        for line, (kind, user_id, item_id, rating, second) in enumerate(events, start=1)
    ]
    landed = {"landing_id": landing, "target": "feedback", "n_rows": len(rows), "landed_at": NOW}
    landed |= {"source_file": "outbox", "sha256": landing, "run_key": landing}
    append(root, BRONZE_FEEDBACK, rows, run_key=RunKey("dag", landing, "collect"))
    append(root, BRONZE_LANDINGS, [landed], run_key=RunKey("dag", landing, "collect"))


def deliver(
    root: str, table: Table, landing: str, *rows: dict[str, Any], replaces: Sequence[str] = ()
) -> None:
    """Write rows of a file to bronze as `land` does, the first at line 1; later ones land later."""
    at = {"landing_id": landing, "source_file": f"{landing}.csv", "run_key": landing}
    lines = [row | at | {"source_line": line} for line, row in enumerate(rows, start=1)]
    landed_at = NOW + timedelta(seconds=len(Lake(root).rows(BRONZE_LANDINGS)))
    landed = {"target": table.name, "n_rows": len(rows), "landed_at": landed_at}
    landed |= at | {"sha256": landing, "replaces": list(replaces) or None}
    landed |= {"section": rows[0].get("section")}
    append(root, table, lines, run_key=RunKey("dag", landing, "land"))
    append(root, BRONZE_LANDINGS, [landed], run_key=RunKey("dag", landing, "land"))


def write_collection(root: str, landing: str, n_events: int) -> None:
    """Write a landing's row of bronze.collections as `collect` does."""
    row = {"landing_id": landing, "since": 0, "until": 1, "lag_seconds": 42.0}
    row |= {"n_outbox": n_events, "n_written": n_events, "collected_at": NOW, "run_key": landing}
    append(root, BRONZE_COLLECTIONS, [row], run_key=RunKey("dag", landing, "collect"))


def kill(*_: object, **__: object) -> None:
    """Kill the run in place of one of its steps."""
    raise KeyboardInterrupt


def rows_of(warehouse: "Warehouse", table: Table, *columns: str) -> list[tuple[Any, ...]]:
    """Return the table's rows as tuples of these columns, in order."""
    names = columns or table.names
    rows = Lake(warehouse.root).rows(table, columns=names)
    return sorted((tuple(row[name] for name in names) for row in rows), key=str)


def contents(warehouse: "Warehouse", *tables: Table) -> dict[str, list[tuple[Any, ...]]]:
    """Return the tables' rows, without run keys and times of writing."""
    return {table.full_name: rows_of(warehouse, table, *_stable(table)) for table in tables}


def _stable(table: Table) -> Iterator[str]:
    changing = ("run_key", "landed_at", "changed_at", "refined_at", "first_seen_at")
    return (name for name in table.names if name not in changing)
