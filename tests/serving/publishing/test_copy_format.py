from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.orm import Session

from serving.publishing.copy_format import ROWS_AT_ONCE, CopyStream

SCHEMA = pa.schema(
    [
        ("name", pa.string()),
        ("year", pa.int32()),
        ("share", pa.float32()),
        ("words", pa.list_(pa.string())),
        ("scores", pa.list_(pa.float32())),
        ("times", pa.list_(pa.timestamp("us", "UTC"))),
    ]
)
TABLE = (
    "create temporary table copied (release_id bigint, name text, year integer, share real,"
    " words text[], scores real[], times timestamptz[],"
    " position bigint generated always as identity)"
)
COPY = (
    "copy copied (release_id, name, year, share, words, scores, times) from stdin (format binary)"
)

texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)
times = st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 # the strategy adds the zone
reals = st.floats(width=32, allow_nan=False)
rows = st.lists(
    st.fixed_dictionaries(
        {
            "name": st.none() | texts,
            "year": st.none() | st.integers(-(2**31), 2**31 - 1),
            "share": st.none() | reals,
            "words": st.none() | st.lists(texts, max_size=4),
            "scores": st.none() | st.lists(reals, max_size=4),
            "times": st.none() | st.lists(times, max_size=3),
        }
    ),
    max_size=6,
)


def copied(session: Session, *batches: pa.RecordBatch, release_id: int = 7) -> list[dict[str, Any]]:
    """Copy batches into a temporary table and return its rows."""
    session.execute(text("drop table if exists pg_temp.copied"))
    session.execute(text(TABLE))
    raw = session.connection().connection.dbapi_connection
    assert raw is not None
    raw.cursor().copy_expert(COPY, CopyStream(batches, release_id=release_id))
    stored = session.execute(text("select * from copied order by position")).mappings()
    return [{name: row[name] for name in ("release_id", *SCHEMA.names)} for row in stored]


@settings(
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(rows=rows, cut=st.integers(0, 6))
def test_postgres_stores_what_the_batches_contain(
    session: Session, rows: list[dict[str, Any]], cut: int
) -> None:
    batch = pa.RecordBatch.from_pylist(rows, SCHEMA)

    stored = copied(session, batch.slice(0, cut), batch.slice(cut))

    assert [row.pop("release_id") for row in stored] == [7] * len(rows)
    assert pa.RecordBatch.from_pylist(stored, SCHEMA) == batch


def test_a_long_batch_is_split_without_losing_a_row(session: Session) -> None:
    n = 2 * ROWS_AT_ONCE + 3
    ids = [str(number) for number in range(n)]
    columns = [ids, [None] * n, [None] * n, [[i, i] for i in ids], [[0.5]] * n, [[]] * n]
    arrays = [pa.array(c, field.type) for c, field in zip(columns, SCHEMA, strict=True)]

    stored = copied(session, pa.RecordBatch.from_arrays(arrays, schema=SCHEMA))

    assert [row["words"] for row in stored] == [[i, i] for i in ids]


def test_the_stream_counts_its_rows() -> None:
    batch = pa.RecordBatch.from_pylist([{"item_id": "a"}, {"item_id": "b"}])
    stream = CopyStream([batch, batch])

    pieces = list(iter(stream.read, b""))

    assert stream.n_rows == 4
    assert pieces[0].startswith(b"PGCOPY\n")
    assert pieces[-1] == np.array([-1], ">i2").tobytes()
