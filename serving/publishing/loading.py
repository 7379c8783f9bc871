"""Copy the lists of a release into its tables, and validate them on the way.

Everything here runs inside the transaction of `serving.publishing.publish`.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import text
from sqlalchemy.orm import Session

from serving.errors import IncompleteReleaseError
from serving.publishing.copy_format import CopyStream
from serving.publishing.copying import arrow_schema, copy
from serving.tables import OPTIONAL_COLUMNS, RELEASE_TABLES
from serving.users import erasures

# Tables whose listed items need a title.
LISTED = {"recommendations", "similar_items", "taken_together", "fallback_lists"}
SCHEMAS = {
    table.__tablename__: arrow_schema(table, without={"release_id"}) for table in RELEASE_TABLES
}
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
    copy(session, f"{table} ({columns})", rows)
    into.counts[table] = rows.n_rows


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
