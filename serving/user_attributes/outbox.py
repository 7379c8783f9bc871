"""Changes of users' attributes, as `collect` reads them.

The outbox is the table of current attributes itself: a change moves the row to the transaction that
wrote it. So of several changes of a user between two collections only the last one is read, which
is the only one that counts.
"""

from sqlalchemy import Engine

from serving.storage.outboxes import Batch, Outbox

_CHANGES = Outbox(
    table="user_attributes",
    columns="user_id, attributes, changed_at, sent_by, xact",
    order="user_id",
    cursor="user_attributes_cursor",
    counter="n_changes",
)


def read(engine: Engine, *, since: int, size: int) -> Batch | None:
    """Return the next batch; None if none waits.

    Raises:
        OutboxRestoredError: this Postgres has not reached transaction `since`.
    """
    return _CHANGES.read(engine, since=since, size=size)


def move_cursor(engine: Engine, *, until: int, n_changes: int) -> bool:
    """Copy the lake's progress to Postgres; return False if it was there already."""
    return _CHANGES.move_cursor(engine, until=until, n_rows=n_changes)
