"""The outbox of the product's changes of items, as `collect` reads it."""

from typing import Any

from sqlalchemy import Engine

from serving.catalogue_changes import attributes
from serving.storage.outboxes import Batch, Outbox

_CHANGES = Outbox(
    table="item_changes",
    columns="change_id, item_id, title, categories, vendor, released, attributes, removed,"
    " changed_at, received_at, sent_by",
    order="change_id",
    cursor="item_changes_cursor",
    counter="n_changes",
)


def read(engine: Engine, *, since: int, size: int) -> Batch | None:
    """Return the next batch, with attributes as the lake has them; None if none waits.

    Raises:
        OutboxRestoredError: this Postgres has not reached transaction `since`.
    """
    batch = _CHANGES.read(engine, since=since, size=size)
    if batch is None:
        return None
    return Batch(batch.since, batch.until, tuple(_as_lake(row) for row in batch.rows))


def move_cursor(engine: Engine, *, until: int, n_changes: int) -> bool:
    """Copy the lake's progress to Postgres; return False if it was there already."""
    return _CHANGES.move_cursor(engine, until=until, n_rows=n_changes)


def _as_lake(row: dict[str, Any]) -> dict[str, Any]:
    return row | {"attributes": attributes.as_texts(row["attributes"])}
