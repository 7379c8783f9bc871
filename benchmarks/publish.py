"""Publish 200,000 lists of 100 items, against plain COPY of the same rows from a file.

    python -m benchmarks.publish [--users 200000] [--rounds 3]

Plain COPY reads a text file into a table of the same columns without key, constraint or check: what
Postgres does at best. `publish` adds keys and constraints, looks at every list, counts, takes the
checksum, analyses and moves the pointer. Both alternate on one temporary server, fsync on.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, cast

import numpy as np
import pyarrow as pa
from sqlalchemy import Engine, text

from serving.publishing.publish import Candidate, publish
from serving.storage import database
from tests.support.serving import shop
from tests.support.serving.server import as_role, create_database, temporary_server

LENGTH, N_ITEMS, BATCH, BAR = 100, 50_000, 10_000, 2.5


def main() -> None:
    """Print the median of each, and their ratio."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--users", type=int, default=200_000)
    arguments.add_argument("--rounds", type=int, default=3)
    given = arguments.parse_args()
    with temporary_server({}) as server, tempfile.TemporaryFile("w+") as file:
        owner = create_database(server.url("postgres"), "bench")
        database.migrate(owner, "bench")
        database.grant(owner, "bench")
        engine = database.connect(as_role(owner, "publisher"), "bench")
        admin = database.connect(owner, "bench")
        n_bytes = write_text(file, given.users)
        plain, published = [], []
        for number in range(given.rounds):
            plain.append(plain_copy(admin, file))
            published.append(one_publication(engine, given.users, number))
            print(f"round {number + 1}: COPY {plain[-1]:.2f} s, publish {published[-1]:.2f} s")
        engine.dispose()
        admin.dispose()
    report(given.users, n_bytes, statistics.median(plain), statistics.median(published))


def report(users: int, n_bytes: int, plain: float, published: float) -> None:
    """Print the table and the verdict."""
    print(f"{users} lists of {LENGTH}, {n_bytes / 1e6:.0f} MB as text; medians")
    print(f"  plain COPY from a file  {plain:6.2f} s")
    print(f"  publish, all of it      {published:6.2f} s")
    ratio = published / plain
    print(f"  ratio {ratio:.2f} (bar: at most {BAR}) {'ok' if ratio <= BAR else 'TOO SLOW'}")


def plain_copy(engine: Engine, file: IO[str]) -> float:
    """Return the seconds that COPY of the text file takes, commit included."""
    with engine.begin() as connection:
        connection.execute(text("drop table if exists plain"))
        connection.execute(
            text(
                "create table plain"
                " (release_id bigint, user_id text, item_ids text[], scores real[])"
            )
        )
    file.seek(0)
    started = time.perf_counter()
    with engine.begin() as connection:
        raw = cast("Any", connection.connection.dbapi_connection)
        raw.cursor().copy_expert("copy plain from stdin", file, 1 << 20)
    return time.perf_counter() - started


def one_publication(engine: Engine, users: int, number: int) -> float:
    """Return the seconds from the first batch to the moved pointer."""
    fit = Candidate(
        retrain_id=f"fit {number}",
        verdict="promote",
        recipe="als",
        recipe_json={},
        constants={},
        about=shop.ABOUT,
        counts={"recommendations": users},
    )
    titles = [{"item_id": f"item-{n}", "title": f"Title {n}"} for n in range(N_ITEMS)]
    empty = {"categories": ["Drama"], "vendor": None, "released": 1999}
    everybody = next(batches(1)).drop_columns(["user_id"])
    everybody = everybody.append_column("segment", pa.array([""]))
    tables = {
        "recommendations": batches(users),
        "fallback_lists": [everybody],
        "items": pa.Table.from_pylist([row | empty for row in titles]).to_batches(),
    }
    with engine.connect() as connection:
        live = connection.scalar(text("select release_id from live_release"))
    started = time.perf_counter()
    publish(engine, fit, tables, actor="bench", reason="bench", instead_of=live)
    return time.perf_counter() - started


def batches(users: int) -> Iterator[pa.RecordBatch]:
    """Yield the lists: random distinct items, falling scores."""
    random = np.random.default_rng(1)
    names = pa.array([f"item-{n}" for n in range(N_ITEMS)])
    for start in range(0, users, BATCH):
        n = min(BATCH, users - start)
        first = random.integers(0, N_ITEMS, (n, 1))
        step = random.integers(1, N_ITEMS // LENGTH, (n, 1))
        chosen = (first + step * np.arange(LENGTH)) % N_ITEMS
        scores = np.sort(random.random((n, LENGTH), np.float32))[:, ::-1]
        offsets = pa.array(np.arange(n + 1, dtype=np.int32) * LENGTH)
        item_ids = pa.ListArray.from_arrays(offsets, names.take(pa.array(chosen.ravel())))
        listed = pa.ListArray.from_arrays(offsets, pa.array(scores.ravel()))
        user_ids = pa.array([f"user-{start + place}" for place in range(n)])
        yield pa.record_batch([user_ids, item_ids, listed], ["user_id", "item_ids", "scores"])


def write_text(file: IO[str], users: int) -> int:
    """Write the same rows as COPY's text format, and return its size in bytes."""
    for batch in batches(users):
        columns = (batch.column(name).to_pylist() for name in batch.schema.names)
        for user_id, item_ids, scores in zip(*columns, strict=True):
            listed = ",".join(map(str, np.asarray(scores, np.float32)))
            file.write(f"1\t{user_id}\t{{{','.join(item_ids)}}}\t{{{listed}}}\n")
    file.flush()
    return Path(f"/proc/self/fd/{file.fileno()}").stat().st_size


if __name__ == "__main__":
    main()
