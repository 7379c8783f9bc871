"""Copy the items of a release into the catalogue, which has the items of all releases.

Everything here runs inside the transaction of `serving.publishing.publish`.
"""

import json
from collections.abc import Iterable

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import text
from sqlalchemy.orm import Session

from serving import titles
from serving.catalogue_changes import attributes, changes
from serving.catalogue_changes.attributes import Types
from serving.errors import IncompleteReleaseError
from serving.publishing.copy_format import CopyStream
from serving.publishing.copying import arrow_schema, copy
from serving.tables import Item

_OF_POSTGRES = {
    "search", "withdrawn", "attributes", "removed", "changed_at", "revision", "added_at",
}  # fmt: skip
SCHEMA = arrow_schema(Item, without=_OF_POSTGRES)

_STAGED = """
create temporary table staged_items (
    item_id text primary key, title text, categories text[], vendor text, released integer,
    words text[], attributes text, changed_at text
) on commit drop
"""
# The release's id with the type of the ranges' bounds, and the range of this and later releases.
_RELEASE_ID = "cast(:release_id as bigint)"
_FROM_NOW_ON = f"int8multirange(int8range({_RELEASE_ID}, null))"
# What the product changed through the API stays until a newer row arrives. Only rows that differ
# are locked and written.
_IS_NEWER = "(kept.changed_at is null or {0}.changed_at >= kept.changed_at)"
_DIFFERS = f"""(
    kept.removed or kept.withdrawn @> {_RELEASE_ID}
    or (kept.title, kept.categories, kept.vendor, kept.released, kept.search, kept.attributes)
        is distinct from
    ({{0}}.title, {{0}}.categories, {{0}}.vendor, {{0}}.released, {{0}}.search, {{0}}.attributes)
)"""
_UPSERT = f"""
with sent as (
    select item_id, title, coalesce(categories, '{{}}') as categories, vendor, released,
        array_to_tsvector(words) as search, cast(attributes as jsonb) as attributes,
        cast(changed_at as timestamptz) as changed_at
    from staged_items
)
insert into items as kept
    (item_id, title, categories, vendor, released, search, attributes, changed_at)
select sent.* from sent left join items as kept using (item_id)
where kept.item_id is null or {_IS_NEWER.format("sent")} and {_DIFFERS.format("sent")}
on conflict (item_id) do update set
    title = excluded.title, categories = excluded.categories, vendor = excluded.vendor,
    released = excluded.released, search = excluded.search, attributes = excluded.attributes,
    changed_at = excluded.changed_at, removed = false,
    withdrawn = kept.withdrawn - {_FROM_NOW_ON}
where {_IS_NEWER.format("excluded")} and {_DIFFERS.format("excluded")}
"""  # noqa: S608 # our own range
_WITHDRAW = f"""
update items set withdrawn = coalesce(withdrawn, '{{}}') + {_FROM_NOW_ON}
where (withdrawn @> {_RELEASE_ID}) is not true
    and not exists (select from staged_items where staged_items.item_id = items.item_id)
    and (
        changed_at is null
        or changed_at <= (select max(cast(changed_at as timestamptz)) from staged_items)
    )
"""  # noqa: S608 # our own range


def stage(session: Session, batches: Iterable[pa.RecordBatch], *, types: Types) -> int:
    """Copy the release's items into a temporary table, and return their number.

    `types` are those of their attributes.

    Raises:
        IncompleteReleaseError: Postgres refuses a row, or an item has no title.
    """
    session.execute(text("drop table if exists staged_items"))
    session.execute(text(_STAGED))
    rows = CopyStream(_completed(batch, types) for batch in batches)
    copy(session, "staged_items", rows)
    return rows.n_rows


def merge(session: Session, release_id: int, *, withdraws: bool) -> None:
    """Insert and update items from the staged ones; withdrawn ones are back from this release on.

    Changes of the product that are newer than the staged row stay. The product's next changes wait
    until the transaction ends, so call it late.

    `withdraws`: items that are not staged are marked as withdrawn from this release on, unless none
    is staged, or the product changed them after the newest staged one. Their rows stay, because
    older releases and users' histories name them.
    """
    changes.lock(session.connection())
    values = {"release_id": release_id}
    session.execute(text(_UPSERT), values)
    if withdraws and session.scalar(text("select exists (select from staged_items)")):
        session.execute(text(_WITHDRAW), values)
    session.execute(text("analyze items"))


def without_title(session: Session, item_ids: set[str], release_id: int) -> list[str]:
    """Return up to five of these items that the release's catalogue does not have."""
    missing = text(
        "select item_id from unnest(cast(:ids as text[])) as listed(item_id)"
        " where not exists (select from items where items.item_id = listed.item_id"
        " and (withdrawn @> cast(:release_id as bigint)) is not true)"
        " order by item_id limit 5"
    )
    return list(session.scalars(missing, {"ids": list(item_ids), "release_id": release_id}))


def _completed(raw: pa.RecordBatch, types: Types) -> pa.RecordBatch:
    """Return the items with the words of their titles, their attributes as JSON, and times."""
    batch = raw.select(SCHEMA.names).cast(SCHEMA)
    item_titles = batch.column("title").to_pylist()
    if not all(item_titles) or batch.column("item_id").null_count:
        raise IncompleteReleaseError("items: a title or an id is missing; refine again")
    words = [titles.words(title) for title in item_titles]
    batch = batch.append_column("words", pa.array(words, pa.list_(pa.string())))
    batch = batch.append_column("attributes", _attributes(raw, types))
    return batch.append_column("changed_at", _changed_at(raw))


def _attributes(raw: pa.RecordBatch, types: Types) -> pa.Array:
    if "attributes" not in raw.schema.names or not types:
        return pa.array(["{}"] * len(raw), pa.string())
    texts = (dict(of_item or ()) for of_item in raw.column("attributes").to_pylist())
    return pa.array([json.dumps(attributes.of_texts(of_item, types)) for of_item in texts])


def _changed_at(raw: pa.RecordBatch) -> pa.Array:
    """Return the times as texts: the encoder of COPY knows times in lists only."""
    if "changed_at" not in raw.schema.names:
        return pa.nulls(len(raw), pa.string())
    times = raw.column("changed_at").cast(pa.timestamp("us", "UTC"))
    return pc.strftime(times, format="%Y-%m-%dT%H:%M:%SZ").cast(pa.string())
