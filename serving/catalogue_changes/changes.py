"""Changes of the catalogue by the product: in `items` and in their outbox, in one transaction.

A lock lets one transaction at a time change the catalogue, of a request or of a publication. So the
times of an item's changes grow, and a process that reads a revision of `slate` can read all changes
up to it. Callers own the transaction: a change is accepted once they commit.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Self

from sqlalchemy import Connection, Row, text

from serving import titles
from serving.catalogue_changes import attributes
from serving.catalogue_changes.attributes import Types, Value
from serving.errors import NoReleaseError, RequestRefusedError, UnknownItemError
from serving.schemas import ItemContent, ItemPatch, ItemReceipt
from serving.schemas.item_changes import ItemStatus
from serving.storage import locks

_LOCK = "pg_advisory_xact_lock(hashtext('catalogue ' || current_schema()))"
_LOCK_PATIENTLY = text(f"select {_LOCK}")
_LOCK_BRIEFLY = locks.waiting_briefly(_LOCK)
MAX_ITEM_BYTES = 32_768  # of an item as JSON: each process keeps all items in memory
MAX_CATEGORIES = 10_000  # of a data set: every answer that describes it has them
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
class Content:
    """The fields of an item that the product sets."""

    title: str
    categories: tuple[str, ...] = ()
    vendor: str | None = None
    released: int | None = None
    attributes: Mapping[str, Value] = field(default_factory=dict)


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
        self._categories, self._new_categories = frozenset(about.categories), Counter[str]()
        self._types: Types = about.attributes
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
            return self._put(change.item_id, stored, _patched(stored.content, content, self._types))
        return self._put(change.item_id, stored, _content(content, self._types))

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
        if self._new_categories:
            added = {"categories": sorted(self._new_categories)}
            self._connection.execute(_ADD_CATEGORIES, added)
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
            _check_size(content)
        self._count_categories(item_id, None if removed else content)
        at = _later(self._now, before)
        stored = Stored(content, at, removed=removed, withdrawn=removed and withdrawn)
        self._changed[item_id] = stored
        return _receipt(item_id, status, stored)

    def _count_categories(self, item_id: str, content: Content | None) -> None:
        """Count how many changed items have each new category, in the state after this change.

        `content`: None if the item is removed.
        """
        uses, stored = self._new_categories, self._changed.get(item_id)
        before = self._new_of(None if stored is None or stored.removed else stored.content)
        after = self._new_of(content)
        n_more = sum(category not in uses for category in after - before)
        n_less = sum(uses[category] == 1 for category in before - after)
        if n_more and len(self._categories) + len(uses) + n_more - n_less > MAX_CATEGORIES:
            raise RequestRefusedError(
                f"body.categories: the data set would have more than {MAX_CATEGORIES:,}."
            )
        uses.update(after - before)
        uses.subtract(before - after)
        for category in before - after:
            if not uses[category]:
                del uses[category]

    def _new_of(self, content: Content | None) -> frozenset[str]:
        return frozenset(content.categories if content else ()) - self._categories

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


def _content(body: ItemContent, types: Types) -> Content:
    return Content(
        title=body.title,
        categories=_distinct(body.categories),
        vendor=body.vendor,
        released=body.released,
        attributes=attributes.checked(body.attributes, types),
    )


def _patched(content: Content, patch: ItemPatch, types: Types) -> Content:
    """Return the content with the fields that the patch has."""
    sent = patch.model_fields_set
    patched = replace(
        content,
        vendor=patch.vendor if "vendor" in sent else content.vendor,
        released=patch.released if "released" in sent else content.released,
    )
    if patch.title is not None:
        patched = replace(patched, title=patch.title)
    if "categories" in sent:
        patched = replace(patched, categories=_distinct(patch.categories or ()))
    if "attributes" in sent:
        changed = _changed_attributes(content.attributes, patch.attributes, types)
        patched = replace(patched, attributes=changed)
    return patched


def _changed_attributes(
    before: Mapping[str, Value], changes: Mapping[str, Value | None] | None, types: Types
) -> dict[str, Value]:
    if changes is None:
        return {}
    for name in changes:
        attributes.must_be_declared(name, types, "body.attributes")
    given = {name: value for name, value in changes.items() if value is not None}
    kept = {name: value for name, value in before.items() if name not in changes}
    return kept | attributes.checked(given, types)


def _distinct(names: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


def _receipt(item_id: str, status: ItemStatus, stored: Stored) -> ItemReceipt:
    return ItemReceipt(item_id=item_id, status=status, changed_at=stored.changed_at)


def _check_size(content: Content) -> None:
    n_bytes = len(json.dumps(asdict(content), ensure_ascii=False).encode())
    if n_bytes > MAX_ITEM_BYTES:
        raise RequestRefusedError(
            f"The item has {n_bytes:,} bytes as JSON; {MAX_ITEM_BYTES:,} is the limit."
        )


def _words(sent: Iterable[Change]) -> dict[str, list[str]]:
    """Return the words of the titles that are sent."""
    sent_titles = {change.content.title for change in sent if change.content}
    return {title: titles.words(title) for title in sent_titles if title is not None}
