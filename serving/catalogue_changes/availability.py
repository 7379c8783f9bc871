"""Which items the product reported as unavailable: sold out, or not to be had at present."""

from collections.abc import Sequence

from sqlalchemy import Connection, text

_UNAVAILABLE = text("select item_id from unavailable_items")
_LOCK_SLATE = text("select from slate for update")
# A table of its own, because a publication locks rows of `items` until it ends.
_SET_UNAVAILABLE = text(
    """
    insert into unavailable_items (item_id)
    select item_id from items where item_id = any (:item_ids) on conflict do nothing
    """
)
_SET_AVAILABLE = text("delete from unavailable_items where item_id = any (:item_ids)")
_REVISION = text("update slate set revision = revision + 1 where depends_on_availability")


def unavailable_ids(connection: Connection) -> frozenset[str]:
    """Return the ids of all unavailable items."""
    return frozenset(connection.scalars(_UNAVAILABLE))


def set_availability(connection: Connection, item_ids: Sequence[str], *, available: bool) -> int:
    """Store that items are available or not, and return how many of them changed.

    Items that the catalogue does not have are ignored.
    """
    connection.execute(_LOCK_SLATE)
    statement = _SET_AVAILABLE if available else _SET_UNAVAILABLE
    n_changed = connection.execute(statement, {"item_ids": [*item_ids]}).rowcount
    if n_changed:
        connection.execute(_REVISION)
    return n_changed
