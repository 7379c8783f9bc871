"""Batches of the product's events in the lake, as `collect` writes them."""

from datetime import UTC, datetime
from typing import Any

from warehouse.append import append
from warehouse.run_keys import RunKey
from warehouse.tables import BRONZE_COLLECTIONS, BRONZE_FEEDBACK

AT = datetime(2026, 5, 1, 12, tzinfo=UTC)
KEY = RunKey("product__collect", "1", "collect")


def collect(root: str, until: int, *event_ids: str) -> None:
    """Write a batch of events, as `collect` does."""
    landed: dict[str, Any] = {"landing_id": f"l{until}", "run_key": str(KEY)}
    rows = [
        landed
        | {
            "event_id": event_id,
            "kind": "rate",
            "user_id": "ü",
            "item_id": "a",
            "rating": 3.5,
            "occurred_at": AT,
            "received_at": AT,
            "sent_by": "shop",
            "source_line": line,
        }
        for line, event_id in enumerate(event_ids, start=1)
    ]
    append(root, BRONZE_FEEDBACK, rows, run_key=KEY, write_id=str(until))
    balance = {
        "since": 0,
        "until": until,
        "n_outbox": len(rows),
        "n_written": len(rows),
        "lag_seconds": 0.0,
        "collected_at": AT,
    }
    append(root, BRONZE_COLLECTIONS, [landed | balance], run_key=KEY, write_id=str(until))
