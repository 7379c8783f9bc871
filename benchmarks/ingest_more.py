"""What ingesting a few new ratings costs when the lake has many: rows copied, CPU seconds.

    python -m benchmarks.ingest_more --size 1000000 --new 1000 [--keep FOLDER]

A playground is landed and refined. Then a file of new ratings arrives: users and items are drawn
from all earlier ratings, so that active users and popular items are drawn more often, and a few of
the pairs were rated before. They occurred after all others, or with `--late` at any time of the
history. As on the platform, each job is a process with a JVM of its own. CPU seconds are those of
all its processes; the rows copied are those that the commits of the second ingest wrote to
silver.interactions and silver.events beside new ones. `--keep` keeps the lake for another run.
"""

import argparse
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import DeltaTable
from pyarrow import dataset as files

from benchmarks.job_cost import Cost, measured, spark
from benchmarks.lakes import ROOT
from warehouse.settings import LakeSettings
from warehouse.tables import SILVER_EVENTS, SILVER_INTERACTIONS, Table

NAME, DAY = "playground", 86_400
JOBS = ("land", "refine")
COPIED_SHARE, CPU_SECONDS = 0.1, 50.0


@dataclass(frozen=True, slots=True)
class Written:
    """Rows that commits wrote to a table again, though they did not change; and all its rows."""

    table: str
    n_copied: int
    n_rows: int


def main() -> None:
    """Print the cost of both ingests, and what the second one copied."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=1_000_000, help="ratings of the playground")
    parser.add_argument("--new", type=int, default=1000, help="new ratings")
    parser.add_argument("--late", action="store_true", help="they occurred at any earlier time")
    parser.add_argument("--keep", type=Path, help="folder of a lake to use again")
    args = parser.parse_args()
    with lake(args.keep) as folder:
        if not (folder / "inbox").exists():
            fill(folder, args.size)
        tables = (SILVER_INTERACTIONS, SILVER_EVENTS)
        before = {table: opened(folder, table).version() for table in tables}
        number = len(list((folder / "inbox" / NAME / "ratings").glob("new-*")))
        send(folder, args.new, number, late=args.late)
        costs = ingest(folder, f"more-{number}")
        report(costs, [written(folder, table, before[table]) for table in tables])


@contextmanager
def lake(kept: Path | None) -> Iterator[Path]:
    """Yield the folder of the lake and the inbox; a temporary one is deleted afterwards."""
    if kept is not None:
        kept.mkdir(parents=True, exist_ok=True)
        yield kept.resolve()
        return
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def fill(folder: Path, size: int) -> None:
    """Generate a playground of this size, land and refine it."""
    command = ["-m", "jobs.synthetic.playground", "--size", str(size)]
    measured("playground", command, environment=environment(folder))
    for cost in ingest(folder, "first"):
        print(f"  first {cost.job:10} {cost.seconds:6.1f} s {cost.cpu_seconds:7.1f} CPU s")


def ingest(folder: Path, run: str) -> list[Cost]:
    """Land and refine what the inbox has; return the cost of each job."""
    return [
        measured(job, spark(job, "ingest", NAME, run), environment=environment(folder))
        for job in JOBS
    ]


def environment(folder: Path) -> dict[str, str]:
    """Return the environment of a job on this lake."""
    return os.environ | {
        "LAKE_ROOT": f"{folder}/lake",
        "LAKE_INBOX": f"{folder}/inbox",
        "SPARK_CONF_DIR": str(ROOT / "conf/spark"),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "PYSPARK_SUBMIT_ARGS": "--master local[2] pyspark-shell",
    }


def send(folder: Path, n: int, number: int, *, late: bool) -> None:
    """Write a file of new ratings to the inbox."""
    inbox = folder / "inbox" / NAME / "ratings"
    rows = files.dataset(inbox).to_table()
    draw = np.random.default_rng(number)
    at = np.asarray(rows["rated_at"])
    first = at.min() if late else at.max() + 1
    new = {
        "user_id": rows["user_id"].take(draw.integers(0, len(rows), n)),
        "item_id": rows["item_id"].take(draw.integers(0, len(rows), n)),
        "stars": pa.array(draw.integers(1, 6, n), pa.int32()),
        "rated_at": pa.array(draw.integers(first, at.max() + DAY, n), pa.int64()),
    }
    part = inbox / f".new-{number}"
    pq.write_table(pa.table(new), part)
    shutil.move(part, inbox / f"new-{number}.parquet")


def opened(folder: Path, table: Table) -> DeltaTable:
    """Return the table of the playground."""
    return DeltaTable(table.uri(LakeSettings(root=f"{folder}/lake", inbox=folder).of(NAME)))


def written(folder: Path, table: Table, version: int) -> Written:
    """Return what the commits after the version copied."""
    delta = opened(folder, table)
    commits = delta.history(delta.version() - version) if delta.version() > version else []
    metrics = [commit.get("operationMetrics", {}) for commit in commits]
    n_copied = sum(int(metric.get("numTargetRowsCopied", 0)) for metric in metrics)
    n_rows = sum(pa.table(delta.get_add_actions(flatten=True))["num_records"].to_pylist())
    return Written(table.full_name, n_copied, n_rows)


def report(costs: list[Cost], tables: list[Written]) -> None:
    """Print costs and copied rows, each beside its bound."""
    for cost in costs:
        print(f"  more  {cost.job:10} {cost.seconds:6.1f} s {cost.cpu_seconds:7.1f} CPU s")
    spent = sum(cost.cpu_seconds for cost in costs)
    met = "ok" if spent <= CPU_SECONDS else "TOO MUCH"
    print(f"  more, all jobs: {spent:.1f} CPU s (at most {CPU_SECONDS:.0f}) {met}")
    for table in tables:
        share = table.n_copied / table.n_rows
        met = "ok" if share < COPIED_SHARE else "TOO MUCH"
        counts = f"{table.n_copied:,} of {table.n_rows:,} rows copied, {share:.1%}"
        print(f"  {table.table}: {counts} {met}")


if __name__ == "__main__":
    main()
