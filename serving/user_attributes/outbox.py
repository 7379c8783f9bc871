"""Changes of users' attributes, as `collect` reads them.

The outbox is the table of current attributes itself: a change moves the row to the transaction that
wrote it. So of several changes of a user between two collections only the last one is read, which
is the only one that counts.
"""

from serving.storage.outboxes import Outbox, Row


def _with_pairs(row: Row) -> Row:
    """Return the row with attributes as the lake has them."""
    return row | {"attributes": [*row["attributes"].items()]}


OUTBOX = Outbox(
    table="user_attributes",
    columns="user_id, attributes, changed_at, sent_by, xact",
    order="user_id",
    cursor="user_attributes_cursor",
    counter="n_changes",
    as_lake=_with_pairs,
)
