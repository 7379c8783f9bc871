"""A lake in which every table has rows, among them rows of given users."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from warehouse.append import append
from warehouse.run_keys import RunKey
from warehouse.tables import (
    BRONZE_ERASURES,
    GOLD_ERASED_ROWS,
    GOLD_PURGES,
    TABLES,
    Table,
)

NOW = datetime(2026, 6, 1, tzinfo=UTC)
NAMED: dict[str, Any] = {
    "kind": "rate", "state": "complete", "verdict": "hold", "target": "ratings", "raw": None,
    "decision": "reject",
}  # fmt: skip
BY_TYPE: dict[str, Any] = {
    "string": "x", "bigint": 1, "int": 1, "double": 1.0, "float": 1.0, "boolean": True,
    "timestamp": NOW, "array<string>": ["x"], "array<float>": [1.0], "array<timestamp>": [NOW],
    "array<boolean>": [True],
}  # fmt: skip

FILLED = [t for t in TABLES if t not in (BRONZE_ERASURES, GOLD_ERASED_ROWS, GOLD_PURGES)]


def fill(root: str, users: Sequence[str], *, run: str = "1") -> None:
    """Write a row of each user to every table but those of erasures.

    A table without users gets as many rows.
    """
    for table in FILLED:
        numbered = enumerate(users, start=1)
        rows = [row(table, user_id, line, landing_id=run) for line, user_id in numbered]
        append(root, table, rows, run_key=RunKey("product__ingest", run, "fill"))


def row(table: Table, user_id: str, line: int, *, landing_id: str = "x") -> dict[str, Any]:
    """Return a valid row of the table; it names the user wherever its rows name one."""
    values = {column.name: _value(column.name, column.type) for column in table.columns}
    named = {"user_id": user_id, "sent": json.dumps({"user_id": f" {user_id} ", "rating": "x"})}
    numbered = {"source_line": line, "event_id": f"event {line}", "landing_id": landing_id}
    return values | {name: of for name, of in (named | numbered).items() if name in values}


def _value(name: str, kind: str) -> Any:
    if name in NAMED:
        return NAMED[name]
    return BY_TYPE.get(kind, None if kind.startswith("map<string,struct") else [])
