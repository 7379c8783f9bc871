"""Seconds of an analyst's queries on a million events, with 2 cores and without Spark.

    python -m benchmarks.explore [--events 1000000] [--runs 5]

Writes an invented lake with delta-rs: events of 6,000 users on 4,000 items, in 8 files. Runs each
query in this process, as `lantern query` does, and in a process of its own, as the console does.
Prints the median and the longest time, and the peak of the memory of a process that has run all.
"""

import argparse
import resource
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from statistics import median

import numpy as np
import pyarrow as pa

from warehouse.append import append
from warehouse.creation import arrow_schema
from warehouse.query import Lake
from warehouse.run_keys import RunKey
from warehouse.sql import isolated
from warehouse.sql.engine import Limits, query
from warehouse.sql.questions import QUESTIONS
from warehouse.tables import SILVER_EVENTS, SILVER_INTERACTIONS, SILVER_ITEMS

N_USERS, N_ITEMS, N_FILES = 6_000, 4_000, 8
GENRES = ("Drama", "Comedy", "Crime", "Horror", "Western", "Romance", "War", "Musical")
START = datetime(2020, 1, 1, tzinfo=UTC)
FIVE_YEARS = 5 * 365 * 86_400 * 1_000_000  # microseconds
QUERIES = {
    "count": "select count(*) from silver.events",
    "group by kind": "select kind, count(*) from silver.events group by kind",
    "group by user, ten largest": "select user_id, count(*) as n from silver.events group by 1 "
    "order by n desc limit 10",
    "one user": "select * from silver.events where user_id = 'u17'",
    QUESTIONS[0].title: QUESTIONS[0].sql,
}


def main() -> None:
    """Write the lake, run the queries, print the times."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=5)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as root:
        write(root, args.events)
        lake = Lake(root)
        print(f"{args.events:,} events; seconds, median / longest of {args.runs} runs")
        print(f"{'query':<30} {'in this process':>20} {'in its own process':>20}")
        for name, text in QUERIES.items():
            inside = timed(args.runs, partial(query, lake, text))
            outside = timed(args.runs, partial(apart, root, text))
            print(f"{name:<30} {inside:>20} {outside:>20}", flush=True)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        child = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        print(f"peak memory: {peak:.0f} MB in this process, {child:.0f} MB in the largest other")


def timed(runs: int, act: Callable[[], object]) -> str:
    """Return the median and the longest time of an act, in seconds."""
    seconds = []
    for _ in range(runs):
        begun = time.perf_counter()
        act()
        seconds.append(time.perf_counter() - begun)
    return f"{median(seconds):.3f} / {max(seconds):.3f}"


def apart(root: str, text: str) -> pa.Table:
    """Run a query as the console does."""
    with isolated.started(root, text, Limits(seconds=30, memory_mb=1024, n_rows=1000)) as running:
        while (result := running.result(seconds=0.25)) is None:
            pass
        return result.table


def write(root: str, n_events: int) -> None:
    """Write items, events and interactions."""
    dice = np.random.default_rng(1)
    items = [
        {
            "item_id": f"i{number}",
            "title": f"Title {number}",
            "categories": [GENRES[number % 8], GENRES[number % 7]],
            "released": 1950 + number % 70,
        }
        for number in range(N_ITEMS)
    ]
    key = RunKey("benchmark", "1", "refine")
    append(root, SILVER_ITEMS, items, run_key=key)
    for part in range(N_FILES):
        n = n_events // N_FILES
        users, chosen = dice.zipf(1.3, n) % N_USERS, dice.zipf(1.3, n) % N_ITEMS
        ratings = dice.integers(1, 6, n).astype(float)
        times = np.sort(dice.integers(0, FIVE_YEARS, n)) + round(START.timestamp() * 1e6)
        base = {
            "user_id": pa.array([f"u{user}" for user in users]),
            "item_id": pa.array([f"i{item}" for item in chosen]),
            "rating": pa.array(ratings),
            "event_id": pa.array([f"{part:02d}{number:030d}" for number in range(n)]),
        }
        at = pa.array(times, pa.timestamp("us", "UTC"))
        events = base | {"kind": pa.array(["rate"] * n), "occurred_at": at}
        events |= {"landing_id": pa.array(["l1"] * n), "run_key": pa.array([str(key)] * n)}
        events["value"] = pa.nulls(n, pa.float64())
        append(root, SILVER_EVENTS, ordered(events, SILVER_EVENTS.names), run_key=key,
               write_id=f"events-{part}")  # fmt: skip
        kinds = arrow_schema(SILVER_INTERACTIONS).field("kinds").type
        pairs = base | {"rated_at": at, "kinds": pa.nulls(n, kinds)}
        append(root, SILVER_INTERACTIONS, ordered(pairs, SILVER_INTERACTIONS.names), run_key=key,
               write_id=f"pairs-{part}")  # fmt: skip


def ordered(columns: dict[str, pa.Array], names: tuple[str, ...]) -> pa.Table:
    """Return a table with its columns in this order."""
    return pa.table({name: columns[name] for name in names})


if __name__ == "__main__":
    main()
