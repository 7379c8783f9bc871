"""Batches of events of one product, as `accept` gets them."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, text

from serving.schemas import About, EventResult, InvalidEvent, NewEvent
from serving.users.batches import writing
from serving.users.batches.writing import Budget
from serving.users.quotas import Quotas
from tests.support.serving import shop

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
ABOUT = About.model_validate(shop.ABOUT | {"categories": (), "n_items": 2})
SENT = "select kind, item_id, rating, value, list_id from outbox order by event_id"


def budget(**limits: int) -> Budget:
    return Budget(Quotas(**({"events": 0, "users": 0} | limits)), "shop", "key")


def event(kind: str, item: str = "a", user: str = "u", **fields: Any) -> NewEvent:
    return NewEvent(kind=kind, user_id=user, item_id=item, **fields)


def send(
    connection: Connection, *events: NewEvent | InvalidEvent, within: Budget | None = None
) -> list[EventResult]:
    return writing.accept(connection, events, ABOUT, within or budget())


def codes(results: list[EventResult]) -> list[str | None]:
    """Return the status of each event, or the code of its refusal."""
    return [result.code or result.status for result in results]


def stored(connection: Connection) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in connection.execute(text(SENT))]
