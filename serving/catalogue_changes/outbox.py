"""The outbox of the product's changes of items, as `collect` reads it."""

from serving.catalogue_changes import attributes
from serving.storage.outboxes import Outbox, Row


def _with_texts(row: Row) -> Row:
    """Return the row with attributes as the lake has them."""
    return row | {"attributes": [*attributes.as_texts(row["attributes"]).items()]}


OUTBOX = Outbox(
    table="item_changes",
    columns="change_id, item_id, title, categories, vendor, released, attributes, removed,"
    " changed_at, received_at, sent_by",
    order="change_id",
    cursor="item_changes_cursor",
    counter="n_changes",
    as_lake=_with_texts,
)
