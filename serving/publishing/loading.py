"""Copy record batches into the tables of a release and validate them on the way.

Everything here runs inside the transaction of `serving.publishing.publish`.
"""

import hashlib
import json
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import psycopg2
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import ARRAY, REAL, DateTime, Integer, Text, inspect, text
from sqlalchemy.orm import Session
from sqlalchemy.types import TypeEngine

from serving import titles
from serving.catalogue_changes import attributes, changes
from serving.catalogue_changes.attributes import Types
from serving.errors import IncompleteReleaseError
from serving.publishing.copy_format import CopyStream
from serving.tables import OPTIONAL_COLUMNS, RELEASE_TABLES, Base, Item
from serving.users import erasures

# Tables whose listed items need a title.
LISTED = {"recommendations", "similar_items", "taken_together", "fallback_lists"}
_ARROW_TYPES: dict[type[TypeEngine[Any]], pa.DataType] = {
    Text: pa.string(),
    REAL: pa.float32(),
    Integer: pa.int32(),
    DateTime: pa.timestamp("us", "UTC"),
}


def arrow_schema(table: type[Base], *, without: Collection[str]) -> pa.Schema:
    """Return the Arrow schema of a table's columns but some."""
    columns = inspect(table).columns
    return pa.schema([(c.name, _arrow_type(c.type)) for c in columns if c.name not in without])


def _arrow_type(kind: TypeEngine[Any]) -> pa.DataType:
    if isinstance(kind, ARRAY):
        return pa.list_(_arrow_type(kind.item_type))
    return _ARROW_TYPES[type(kind)]


SCHEMAS = {
    table.__tablename__: arrow_schema(table, without={"release_id"}) for table in RELEASE_TABLES
}
_OF_POSTGRES = {
    "search", "withdrawn", "attributes", "removed", "changed_at", "revision", "added_at",
}  # fmt: skip
ITEM_SCHEMA = arrow_schema(Item, without=_OF_POSTGRES)

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
_ABOUT = """
insert into about (
    dataset, title, item_noun, licence, lowest, highest, step, kinds, attributes, display,
    user_attributes, categories, n_items
) values (
    :dataset, :title, :item_noun, :licence, :lowest, :highest, :step, cast(:kinds as jsonb),
    cast(:attributes as jsonb), cast(:display as jsonb), :user_attributes, '{}', 0
)
on conflict (only_row) do update set
    dataset = excluded.dataset, title = excluded.title, item_noun = excluded.item_noun,
    licence = excluded.licence, lowest = excluded.lowest, highest = excluded.highest,
    step = excluded.step, kinds = excluded.kinds, attributes = excluded.attributes,
    display = excluded.display, user_attributes = excluded.user_attributes
"""


@dataclass(slots=True)
class Loaded:
    """What was copied: rows by table, and the ids of all listed items."""

    counts: dict[str, int] = field(default_factory=dict)
    listed: set[str] = field(default_factory=set)


def copy_lists(
    session: Session, table: str, batches: Iterable[pa.RecordBatch], release_id: int, into: Loaded
) -> None:
    """Copy one table of a release.

    Raises:
        IncompleteReleaseError: a score is not finite, a list has an item twice, or Postgres
            refuses a row.
    """
    columns = ", ".join(("release_id", *SCHEMAS[table].names))
    rows = CopyStream(_validated(table, batches, into), release_id=release_id)
    _copy(session, f"{table} ({columns})", rows)
    into.counts[table] = rows.n_rows


def stage_items(
    session: Session, batches: Iterable[pa.RecordBatch], into: Loaded, *, types: Types
) -> None:
    """Copy the release's items into a temporary table. `types` are those of their attributes.

    Raises:
        IncompleteReleaseError: Postgres refuses a row, or an item has no title.
    """
    session.execute(text("drop table if exists staged_items"))
    session.execute(text(_STAGED))
    rows = CopyStream(_completed(batch, types) for batch in batches)
    _copy(session, "staged_items", rows)
    into.counts["items"] = rows.n_rows


def merge_items(session: Session, release_id: int, *, withdraws: bool) -> None:
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


def delete_erased(session: Session, release_id: int) -> int:
    """Delete the lists and profiles of erased users, which the fit may still contain.

    Returns:
        The number of rows.
    """
    where = f"release_id = {release_id:d}"
    return sum(
        erasures.delete_from(session, table, where=where)
        for table in ("recommendations", "profiles")
    )


def write_about(session: Session, about: dict[str, Any]) -> None:
    """Write the data set's description; an activation counts its items."""
    as_json = {name: json.dumps(about.get(name, {})) for name in ("kinds", "attributes", "display")}
    of_users = {"user_attributes": [*about.get("user_attributes", ())]}
    session.execute(text(_ABOUT), about | as_json | of_users)


def without_title(session: Session, item_ids: set[str], release_id: int) -> list[str]:
    """Return up to five of these items that the release's catalogue does not have."""
    missing = text(
        "select item_id from unnest(cast(:ids as text[])) as listed(item_id)"
        " where not exists (select from items where items.item_id = listed.item_id"
        " and (withdrawn @> cast(:release_id as bigint)) is not true)"
        " order by item_id limit 5"
    )
    return list(session.scalars(missing, {"ids": list(item_ids), "release_id": release_id}))


def checksum(session: Session, release_id: int) -> str:
    """Return a SHA-256 of the release's rows as stored, independent of their order."""
    sums = [
        session.scalar(
            text(
                f"select coalesce(sum(hash_record_extended(row({', '.join(columns.names)}), 0)), 0)"  # noqa: S608 # our own names
                f" from {table} where release_id = :release_id"
            ),
            {"release_id": release_id},
        )
        for table, columns in SCHEMAS.items()
    ]
    return hashlib.sha256(" ".join(map(str, sums)).encode()).hexdigest()


def _copy(session: Session, target: str, rows: CopyStream) -> None:
    raw = session.connection().connection.dbapi_connection
    if raw is None:
        raise RuntimeError("the session has no connection")
    try:
        raw.cursor().copy_expert(f"copy {target} from stdin (format binary)", rows)
    except psycopg2.Error as error:
        if rows.failure is not None:
            raise rows.failure from error
        if not isinstance(error, psycopg2.IntegrityError | psycopg2.DataError):
            raise
        cause = str(error).partition("\n")[0]
        raise IncompleteReleaseError(f"{target}: Postgres refused a row: {cause}") from error


def _validated(
    table: str, batches: Iterable[pa.RecordBatch], into: Loaded
) -> Iterator[pa.RecordBatch]:
    schema = SCHEMAS[table]
    for raw in batches:
        batch = _with_optional(raw, schema).select(schema.names).cast(schema)
        for column in batch.columns:
            _refuse_missing_values(table, column)
        if "item_ids" in schema.names:
            coded = batch.column("item_ids").flatten().dictionary_encode()
            if table in LISTED:
                into.listed.update(coded.dictionary.to_pylist())
            _refuse_duplicates(table, batch, coded)
        yield batch


def _with_optional(raw: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """Return the batch with values in the columns that older fits lack."""
    for name, value in OPTIONAL_COLUMNS.items():
        if name not in schema.names:
            continue
        is_there = name in raw.schema.names
        if is_there and raw.column(name).null_count < max(len(raw), 1):
            continue
        filled = pa.array([value] * len(raw), schema.field(name).type)
        raw = raw.drop_columns([name]) if is_there else raw
        raw = raw.append_column(name, filled)
    return raw


def _refuse_missing_values(table: str, column: pa.Array) -> None:
    values = column.flatten() if pa.types.is_list(column.type) else column
    if values.null_count or column.null_count:
        raise IncompleteReleaseError(f"{table}: a value is missing; fit again")
    if pa.types.is_float32(values.type) and not pc.all(pc.is_finite(values), min_count=0).as_py():
        raise IncompleteReleaseError(f"{table}: a number is not finite; fit again")


def _refuse_duplicates(table: str, batch: pa.RecordBatch, coded: pa.DictionaryArray) -> None:
    lengths = pc.list_value_length(batch.column("item_ids")).to_numpy()
    row = np.repeat(np.arange(len(lengths), dtype=np.int64), lengths)
    keys = np.sort(row * len(coded.dictionary) + coded.indices.to_numpy())
    if (keys[1:] == keys[:-1]).any():
        raise IncompleteReleaseError(f"{table}: a list has an item twice; fit again")


def _completed(raw: pa.RecordBatch, types: Types) -> pa.RecordBatch:
    """Return the items with the words of their titles, their attributes as JSON, and times."""
    batch = raw.select(ITEM_SCHEMA.names).cast(ITEM_SCHEMA)
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
