"""An item that a product sends, as it is then stored, and the outbox of changes."""

from sqlalchemy import Engine

from serving.schemas import ItemContent
from tests.support.serving.shop import rows

HEAT = ItemContent(
    title="Heat",
    categories=("Crime", "Drama", "Crime"),
    vendor="Maker",
    released=1995,
    attributes={"price": 9.5, "brand": "Acme", "since": "2026-01-02", "tags": ("new", "long")},
)
STORED = {
    "price": 9.5,
    "brand": "Acme",
    "since": "2026-01-02T00:00:00Z",
    "tags": ("new", "long"),
}


def outbox(owner: Engine) -> list[tuple[object, ...]]:
    return rows(owner, "select item_id, title, removed from item_changes order by changed_at")
