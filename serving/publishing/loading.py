"""Record batches into the tables of a release: copied, and looked at on the way.

Everything here runs inside the transaction of `serving.publishing.publish`.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import psycopg2
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import text
from sqlalchemy.orm import Session

from serving import titles
from serving.errors import IncompleteReleaseError
from serving.publishing.copy_format import CopyStream

_IDS = pa.list_(pa.string())
_REALS = pa.list_(pa.float32())
_TIMES = pa.list_(pa.timestamp("us", "UTC"))
_SCORED = [("item_ids", _IDS), ("scores", _REALS)]
COLUMNS = {
    "recommendations": pa.schema([("user_id", pa.string()), *_SCORED]),
    "profiles": pa.schema(
        [
            ("user_id", pa.string()),
            ("segment", pa.string()),
            ("item_ids", _IDS),
            ("ratings", _REALS),
            ("rated_at", _TIMES),
        ]
    ),
    "item_factors": pa.schema(
        [
            ("item_id", pa.string()),
            ("factors", _REALS),
            ("popularity", pa.float32()),
            ("trending", pa.float32()),
        ]
    ),
    "similar_items": pa.schema([("item_id", pa.string()), *_SCORED]),
    "fallback_lists": pa.schema([("segment", pa.string()), *_SCORED]),
}
ITEM_COLUMNS = pa.schema(
    [
        ("item_id", pa.string()),
        ("title", pa.string()),
        ("categories", _IDS),
        ("vendor", pa.string()),
        ("released", pa.int32()),
    ]
)
SHOWN = ("recommendations", "similar_items", "fallback_lists")  # their items need a title

_STAGED = """
create temporary table staged_items (
    item_id text primary key, title text, categories text[], vendor text, released integer,
    words text[]
) on commit drop
"""
_UPSERT = """
insert into items as kept (item_id, title, categories, vendor, released, search)
select item_id, title, coalesce(categories, '{}'), vendor, released, array_to_tsvector(words)
from staged_items
on conflict (item_id) do update set
    title = excluded.title, categories = excluded.categories, vendor = excluded.vendor,
    released = excluded.released, search = excluded.search
where (kept.title, kept.categories, kept.vendor, kept.released, kept.search) is distinct from
    (excluded.title, excluded.categories, excluded.vendor, excluded.released, excluded.search)
"""
_ABOUT = """
insert into about (dataset, title, item_noun, licence, lowest, highest, step, categories, n_items)
select :dataset, :title, :item_noun, :licence, :lowest, :highest, :step,
    array(select distinct unnest(categories) as category from items order by category),
    (select count(*) from items)
on conflict (one) do update set
    dataset = excluded.dataset, title = excluded.title, item_noun = excluded.item_noun,
    licence = excluded.licence, lowest = excluded.lowest, highest = excluded.highest,
    step = excluded.step, categories = excluded.categories, n_items = excluded.n_items
"""


@dataclass(slots=True)
class Loaded:
    """What was copied: rows by table, and every item that a list shows."""

    counts: dict[str, int] = field(default_factory=dict)
    shown: set[str] = field(default_factory=set)


def copy_lists(
    session: Session, table: str, batches: Iterable[pa.RecordBatch], release_id: int, into: Loaded
) -> None:
    """Copy one table of a release.

    Raises:
        IncompleteReleaseError: a score is no number, an item stands twice in one list, or
            Postgres refuses a row.
    """
    names = ("release_id", *COLUMNS[table].names)
    rows = CopyStream(_looked_at(table, batches, into), release_id=release_id)
    _copy(session, f"{table} ({', '.join(names)})", rows)
    into.counts[table] = rows.n_rows


def copy_items(session: Session, batches: Iterable[pa.RecordBatch], into: Loaded) -> None:
    """Bring the catalogue up to date. Items that are no longer sent stay: old lists name them.

    Raises:
        IncompleteReleaseError: Postgres refuses a row, such as one without a title.
    """
    session.execute(text("drop table if exists staged_items"))
    session.execute(text(_STAGED))
    rows = CopyStream(_with_words(batch) for batch in batches)
    _copy(session, "staged_items", rows)
    session.execute(text(_UPSERT))
    into.counts["items"] = rows.n_rows


def leave_out_forgotten(session: Session, release_id: int) -> None:
    """Delete what the fit still knew of people who asked to be forgotten."""
    for table in ("recommendations", "profiles"):
        session.execute(
            text(
                f"delete from {table} where release_id = :release_id"  # noqa: S608 # our own names
                " and user_id in (select user_id from erasures)"
            ),
            {"release_id": release_id},
        )


def put_about(session: Session, about: dict[str, Any]) -> None:
    """Write down what the data set is called, and what its catalogue holds now."""
    session.execute(text(_ABOUT), about)


def without_title(session: Session, item_ids: set[str]) -> list[str]:
    """Return some of these items that the catalogue does not have."""
    missing = text(
        "select item_id from unnest(cast(:ids as text[])) as shown(item_id)"
        " where not exists (select from items where items.item_id = shown.item_id)"
        " order by item_id limit 5"
    )
    return list(session.scalars(missing, {"ids": list(item_ids)}))


def checksum(session: Session, release_id: int) -> str:
    """Return a digest of the release's lists as they are stored, whatever their order."""
    sums = [
        session.scalar(
            text(
                f"select coalesce(sum(hash_record_extended(row({', '.join(columns.names)}), 0)), 0)"  # noqa: S608 # our own names
                f" from {table} where release_id = :release_id"
            ),
            {"release_id": release_id},
        )
        for table, columns in COLUMNS.items()
    ]
    return hashlib.sha256(" ".join(map(str, sums)).encode()).hexdigest()


def _copy(session: Session, target: str, rows: CopyStream) -> None:
    raw = session.connection().connection.dbapi_connection
    if raw is None:
        raise RuntimeError("the session has lost its connection")
    try:
        raw.cursor().copy_expert(f"copy {target} from stdin (format binary)", rows)
    except psycopg2.Error as error:
        if rows.failure is not None:
            raise rows.failure from error
        if not isinstance(error, psycopg2.IntegrityError | psycopg2.DataError):
            raise
        cause = str(error).partition("\n")[0]
        raise IncompleteReleaseError(f"{target}: Postgres refused a row: {cause}") from error


def _looked_at(
    table: str, batches: Iterable[pa.RecordBatch], into: Loaded
) -> Iterator[pa.RecordBatch]:
    for given in batches:
        batch = given.select(COLUMNS[table].names).cast(COLUMNS[table])
        for column in batch.columns:
            _refuse_what_is_no_value(table, column)
        if "item_ids" in batch.schema.names:
            coded = batch.column("item_ids").flatten().dictionary_encode()
            if table in SHOWN:
                into.shown.update(coded.dictionary.to_pylist())
            _refuse_twins(table, batch, coded)
        yield batch


def _refuse_what_is_no_value(table: str, column: pa.Array) -> None:
    values = column.flatten() if pa.types.is_list(column.type) else column
    if values.null_count or column.null_count:
        raise IncompleteReleaseError(f"{table}: a value is missing; fit again")
    if pa.types.is_float32(values.type) and not pc.all(pc.is_finite(values), min_count=0).as_py():
        raise IncompleteReleaseError(f"{table}: a number is not finite; fit again")


def _refuse_twins(table: str, batch: pa.RecordBatch, coded: pa.DictionaryArray) -> None:
    lengths = pc.list_value_length(batch.column("item_ids")).to_numpy()
    row = np.repeat(np.arange(len(lengths), dtype=np.int64), lengths)
    keys = np.sort(row * len(coded.dictionary) + coded.indices.to_numpy())
    if (keys[1:] == keys[:-1]).any():
        raise IncompleteReleaseError(f"{table}: an item stands twice in one list; fit again")


def _with_words(given: pa.RecordBatch) -> pa.RecordBatch:
    batch = given.select(ITEM_COLUMNS.names).cast(ITEM_COLUMNS)
    shown = batch.column("title").to_pylist()
    if not all(shown) or batch.column("item_id").null_count:
        raise IncompleteReleaseError("items: a title or an id is missing; refine again")
    words = [titles.words(title) for title in shown]
    return batch.append_column("words", pa.array(words, _IDS))
