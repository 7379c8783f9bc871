"""Changes of the catalogue by the product: in `items` and in their outbox, in one transaction.

A lock lets one transaction at a time change the catalogue, of a request or of a publication. So the
times of an item's changes grow, and a process that reads a revision of `slate` can read all changes
up to it. Callers own the transaction: a change is accepted once they commit.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Self

from sqlalchemy import Connection, Row, text

from serving import titles
from serving.catalogue_changes.content import Content, content_of, patched, require_allowed_size
from serving.catalogue_changes.new_categories import NewCategories
from serving.errors import NoReleaseError, UnknownItemError
from serving.schemas import ItemContent, ItemPatch, ItemReceipt
from serving.schemas.item_changes import ItemStatus
from serving.storage import locks

_LOCK = "pg_advisory_xact_lock(hashtext('catalogue ' || current_schema()))"
_LOCK_PATIENTLY = text(f"select {_LOCK}")
_LOCK_BRIEFLY = locks.waiting_briefly(_LOCK)
_ABOUT = text("select attributes, categories, clock_timestamp() as now from about")
_ITEMS = text(
    """
    select item_id, title, categories, vendor, released, attributes, changed_at, removed,
        coalesce(withdrawn @> (select release_id from live_release), false) as withdrawn
    from items where item_id = any (:item_ids)
    """
)
_REVISION = text("update slate set revision = revision + 1 returning revision")
_ROWS = """
    jsonb_to_recordset(cast(:rows as jsonb)) as sent (
        item_id text, title text, categories text[], vendor text, released integer,
        attributes jsonb, removed boolean, changed_at timestamptz, words text[]
    )
"""
# `withdrawn` becomes null: an item that the product sends is in every release again, also in those
# from which a delivery withdrew it. A removal keeps it.
_WRITE = text(
    f"""
    insert into items as kept (
        item_id, title, categories, vendor, released, attributes, removed, changed_at, revision,
        search
    )
    select item_id, title, categories, vendor, released, attributes, removed, changed_at,
        :revision, array_to_tsvector(words)
    from {_ROWS} order by item_id
    on conflict (item_id) do update set
        title = excluded.title, categories = excluded.categories, vendor = excluded.vendor,
        released = excluded.released, attributes = excluded.attributes,
        removed = excluded.removed, changed_at = excluded.changed_at,
        revision = excluded.revision, search = excluded.search,
        withdrawn = case when excluded.removed then kept.withdrawn end
    """  # noqa: S608 # our own rows
)
_OUTBOX = text(
    f"""
    insert into item_changes (
        item_id, title, categories, vendor, released, attributes, removed, changed_at, sent_by
    )
    select item_id, title, categories, vendor, released, attributes, removed, changed_at, :sent_by
    from {_ROWS}
    """  # noqa: S608 # our own rows
)
# Categories that no item has any more stay until the next activation, which counts again.
_COUNT = text("update about set n_items = n_items + :n_more")
_ADD_CATEGORIES = text(
    """
    update about set categories = array(
        select unnest(about.categories) as category
        union select unnest(cast(:categories as text[])) order by category
    )
    """
)


@dataclass(frozen=True, slots=True)
class Change:
    """One change: `content` replaces the item or, as a patch, some fields; None removes it."""

    item_id: str
    content: ItemContent | ItemPatch | None


@dataclass(frozen=True, slots=True)
class Stored:
    """An item as it is now. `is_gone`: the product or the newest delivery removed it."""

    content: Content
    changed_at: datetime | None
    removed: bool
    withdrawn: bool

    @property
    def is_gone(self) -> bool:
        """Whether the live catalogue lacks it."""
        return self.removed or self.withdrawn

    @classmethod
    def of_row(cls, row: Row[Any]) -> Self:
        """Return the item of a row of `_ITEMS`."""
        content = Content(
            row.title, tuple(row.categories), row.vendor, row.released, row.attributes
        )
        return cls(content, row.changed_at, row.removed, row.withdrawn)


class Editor:
    """Changes items in memory, one after another, until `write` writes them all.

    Args:
        connection: in a transaction.
        sent: the changes to make. What is slow about them is done before the lock is waited for.
        check_quota: called with the number of items that were changed, before one more is.

    Raises:
        NoReleaseError: the data set has no release yet, so its attributes are not known.
    """

    def __init__(
        self,
        connection: Connection,
        sent: Iterable[Change],
        check_quota: Callable[[int], None] | None = None,
    ) -> None:
        sent = tuple(sent)
        self._words = _words(sent)
        connection.execute(_LOCK_BRIEFLY)
        about = connection.execute(_ABOUT).one_or_none()
        if about is None:
            raise NoReleaseError
        self._connection, self._check_quota = connection, check_quota
        self._new_categories = NewCategories(about.categories)
        self._types = about.attributes
        self._now: datetime = about.now
        item_ids = sorted({change.item_id for change in sent})
        rows = connection.execute(_ITEMS, {"item_ids": item_ids})
        self._before = {row.item_id: Stored.of_row(row) for row in rows}
        self._changed: dict[str, Stored] = {}

    def change(self, change: Change) -> ItemReceipt:
        """Make the change in memory, and return its receipt; `write` writes it.

        Raises:
            UnknownItemError: the item to patch or remove is not in the catalogue.
            UnknownAttributeError: the manifest does not declare an attribute.
            RequestRefusedError: an attribute is of another type, the item is too large, or the
                data set has too many categories.
            QuotaExceededError: the key has changed too many items today.
        """
        stored = self._changed.get(change.item_id) or self._before.get(change.item_id)
        content = change.content
        if content is None:
            return self._remove(change.item_id, stored)
        if isinstance(content, ItemPatch):
            if stored is None or stored.is_gone:
                raise UnknownItemError(f"There is no item {change.item_id!r}.")
            return self._put(change.item_id, stored, patched(stored.content, content, self._types))
        return self._put(change.item_id, stored, content_of(content, self._types))

    def write(self, *, sent_by: str) -> int:
        """Write the changes and return the number of changed items. `sent_by` is the key's name."""
        if not self._changed:
            return 0
        rows = json.dumps([self._row(*item) for item in sorted(self._changed.items())])
        revision = self._connection.scalar(_REVISION)
        self._connection.execute(_WRITE, {"rows": rows, "revision": revision})
        self._connection.execute(_OUTBOX, {"rows": rows, "sent_by": sent_by})
        if n_more := self._n_more():
            self._connection.execute(_COUNT, {"n_more": n_more})
        if new_categories := self._new_categories.names():
            self._connection.execute(_ADD_CATEGORIES, {"categories": new_categories})
        return len(self._changed)

    def _put(self, item_id: str, stored: Stored | None, content: Content) -> ItemReceipt:
        if stored is None or stored.is_gone:
            return self._keep(item_id, stored, content, "created")
        if content == stored.content:
            return _receipt(item_id, "unchanged", stored)
        return self._keep(item_id, stored, content, "changed")

    def _remove(self, item_id: str, stored: Stored | None) -> ItemReceipt:
        if stored is None:
            raise UnknownItemError(f"There is no item {item_id!r}.")
        if stored.removed:
            return _receipt(item_id, "unchanged", stored)
        return self._keep(item_id, stored, stored.content, "removed")

    def _keep(
        self, item_id: str, before: Stored | None, content: Content, status: ItemStatus
    ) -> ItemReceipt:
        if self._check_quota and item_id not in self._changed:
            self._check_quota(len(self._changed))
        removed, withdrawn = status == "removed", before is not None and before.withdrawn
        if not removed:
            require_allowed_size(content)
        self._new_categories.replace(
            _categories(self._changed.get(item_id)), () if removed else content.categories
        )
        at = _later(self._now, before)
        stored = Stored(content, at, removed=removed, withdrawn=removed and withdrawn)
        self._changed[item_id] = stored
        return _receipt(item_id, status, stored)

    def _row(self, item_id: str, stored: Stored) -> dict[str, Any]:
        title, at = stored.content.title, stored.changed_at
        words = self._words.get(title)
        return {
            **asdict(stored.content),
            "item_id": item_id,
            "removed": stored.removed,
            "changed_at": None if at is None else at.isoformat(),
            "words": titles.words(title) if words is None else words,
        }

    def _n_more(self) -> int:
        """Return how many more items the catalogue has after the changes."""
        before = (self._before[item_id] for item_id in self._changed if item_id in self._before)
        n_before = sum(not stored.is_gone for stored in before)
        return sum(not stored.is_gone for stored in self._changed.values()) - n_before


def lock(connection: Connection) -> None:
    """Let no other transaction change the catalogue until this one ends."""
    connection.execute(_LOCK_PATIENTLY)


def apply(
    connection: Connection,
    change: Change,
    *,
    sent_by: str,
    check_quota: Callable[[int], None] | None = None,
) -> ItemReceipt:
    """Make one change.

    Raises: as `Editor` and `Editor.change`.
    """
    editor = Editor(connection, [change], check_quota)
    receipt = editor.change(change)
    editor.write(sent_by=sent_by)
    return receipt


def _later(now: datetime, before: Stored | None) -> datetime:
    """Return the time of a change: later than the one before, even if a clock was put back."""
    if before is None or before.changed_at is None:
        return now
    return max(now, before.changed_at + timedelta(microseconds=1))


def _categories(changed: Stored | None) -> tuple[str, ...]:
    """Return the categories of a changed item; none if it was removed or has not changed."""
    return () if changed is None or changed.removed else changed.content.categories


def _receipt(item_id: str, status: ItemStatus, stored: Stored) -> ItemReceipt:
    return ItemReceipt(item_id=item_id, status=status, changed_at=stored.changed_at)


def _words(sent: Iterable[Change]) -> dict[str, list[str]]:
    """Return the words of the titles that are sent."""
    sent_titles = {change.content.title for change in sent if change.content}
    return {title: titles.words(title) for title in sent_titles if title is not None}
