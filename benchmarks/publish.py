"""Seconds to publish 200,000 lists of 100 items, and to COPY the same rows from a file.

    python -m benchmarks.publish [--users 200000] [--rounds 3]

Plain COPY reads a text file into a table with the same columns but without key or constraint, which
is the fastest way into Postgres. `publish` also maintains keys and constraints, validates every
list, counts rows, computes the checksum, analyses the tables and activates the release. Both
alternate on one temporary server with fsync.
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

LENGTH, N_ITEMS, BATCH, TARGET = 100, 50_000, 10_000, 1.2


def main() -> None:
    """Print the median of both and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--users", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with temporary_server({}) as server, tempfile.TemporaryFile("w+") as file:
        owner = create_database(server.url("postgres"), "bench")
        database.migrate(owner, "bench")
        database.grant(owner, "bench")
        engine = database.connect(as_role(owner, "publisher"), "bench")
        admin = database.connect(owner, "bench")
        n_bytes = write_text(file, options.users)
        copy_seconds, publish_seconds = [], []
        for number in range(options.rounds):
            copy_seconds.append(plain_copy(admin, file))
            publish_seconds.append(publication(engine, options.users, number))
            print(f"round {number + 1}: COPY {copy_seconds[-1]:.2f} s", end=", ")
            print(f"publish {publish_seconds[-1]:.2f} s")
        engine.dispose()
        admin.dispose()
    medians = statistics.median(copy_seconds), statistics.median(publish_seconds)
    report(options.users, n_bytes, *medians)


def report(users: int, n_bytes: int, plain: float, published: float) -> None:
    """Print both times and whether the ratio reaches the target."""
    print(f"{users} lists of {LENGTH}, {n_bytes / 1e6:.0f} MB as text; medians")
    print(f"  plain COPY from a file  {plain:6.2f} s")
    print(f"  publish                 {published:6.2f} s")
    ratio = published / plain
    print(
        f"  ratio {ratio:.2f} (target: at most {TARGET}) {'ok' if ratio <= TARGET else 'TOO SLOW'}"
    )


def plain_copy(engine: Engine, file: IO[str]) -> float:
    """Return the seconds of COPY from the text file, including the commit."""
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


def publication(engine: Engine, users: int, number: int) -> float:
    """Return the seconds of one publication."""
    fit = Candidate(
        retrain_id=f"fit {number}",
        verdict="promote",
        recipe="als",
        recipe_json={},
        constants={},
        about=shop.ABOUT,
        counts={"recommendations": users},
    )
    items = [{"item_id": f"item-{n}", "title": f"Title {n}"} for n in range(N_ITEMS)]
    fields = {"categories": ["Drama"], "vendor": None, "released": 1999}
    fallback = next(batches(1)).drop_columns(["user_id"])
    fallback = fallback.append_column("segment", pa.array([""]))
    tables = {
        "recommendations": batches(users),
        "fallback_lists": [fallback],
        "items": pa.Table.from_pylist([item | fields for item in items]).to_batches(),
    }
    with engine.connect() as connection:
        live = connection.scalar(text("select release_id from live_release"))
    started = time.perf_counter()
    publish(engine, fit, tables, actor="bench", reason="bench", instead_of=live)
    return time.perf_counter() - started


def batches(users: int) -> Iterator[pa.RecordBatch]:
    """Yield lists of random distinct items with descending scores."""
    random = np.random.default_rng(1)
    ids = pa.array([f"item-{n}" for n in range(N_ITEMS)])
    for start in range(0, users, BATCH):
        n = min(BATCH, users - start)
        first = random.integers(0, N_ITEMS, (n, 1))
        step = random.integers(1, N_ITEMS // LENGTH, (n, 1))
        chosen = (first + step * np.arange(LENGTH)) % N_ITEMS
        scores = np.sort(random.random((n, LENGTH), np.float32))[:, ::-1]
        offsets = pa.array(np.arange(n + 1, dtype=np.int32) * LENGTH)
        item_ids = pa.ListArray.from_arrays(offsets, ids.take(pa.array(chosen.ravel())))
        score_lists = pa.ListArray.from_arrays(offsets, pa.array(scores.ravel()))
        user_ids = pa.array([f"user-{start + row}" for row in range(n)])
        yield pa.record_batch([user_ids, item_ids, score_lists], ["user_id", "item_ids", "scores"])


def write_text(file: IO[str], users: int) -> int:
    """Write the same rows in COPY's text format and return the size in bytes."""
    for batch in batches(users):
        columns = (batch.column(name).to_pylist() for name in batch.schema.names)
        for user_id, item_ids, scores in zip(*columns, strict=True):
            numbers = ",".join(map(str, np.asarray(scores, np.float32)))
            file.write(f"1\t{user_id}\t{{{','.join(item_ids)}}}\t{{{numbers}}}\n")
    file.flush()
    return Path(f"/proc/self/fd/{file.fileno()}").stat().st_size


if __name__ == "__main__":
    main()
