"""Response time of a list of 20 that is kept under its `list_id`, beside one that is not.

    python -m benchmarks.list_ids [--seconds 5] [--rounds 4]

Two processes of the API run, one with `API_SHOWN_LISTS_QUEUE=0`. 16 connections read from one, then
from the other, in turn; the rounds are added up. Postgres runs with fsync. At the end every list
that was answered with its queue must be kept, or counted as dropped.
"""

import argparse
import multiprocessing
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.pool import Pool

import numpy as np

from benchmarks.api_read import DATASET, prepare, read_lists, started_api
from ops.settings import HOST
from serving.storage import database
from tests.support.serving import shop
from tests.support.serving.server import as_role, create_database, temporary_server

N_USERS, N_CLIENTS, TARGET = 6040, 16, 1.15
Times = list[float]


def main() -> None:
    """Print p50 and p95 of both, their ratios, and how many lists are kept."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--rounds", type=int, default=4)
    options = parser.parse_args()
    with temporary_server({"max_connections": "200"}) as server:
        owner = create_database(server.url("postgres"), DATASET)
        key = prepare(owner, N_USERS)
        spawning = multiprocessing.get_context("spawn")
        with (
            api(owner, "0") as without,
            api(owner, "5000") as with_ids,
            spawning.Pool(N_CLIENTS) as clients,
        ):
            for url in (without, with_ids):
                read_lists(url, key, N_USERS, 1, 0)  # warm up
            times: dict[str, Times] = {without: [], with_ids: []}
            for _ in range(options.rounds):
                for url in (without, with_ids):
                    times[url] += read(clients, url, key, options.seconds)
            time.sleep(2)  # the queue is written
        report(times[without], times[with_ids], owner)


@contextmanager
def api(owner: str, queue: str) -> Iterator[str]:
    """Yield the URL of an API with a queue of this length."""
    url = as_role(owner, "api")
    with started_api(url, log=subprocess.DEVNULL, API_SHOWN_LISTS_QUEUE=queue) as ((_, port), _):
        yield f"http://{HOST}:{port}"


def read(clients: Pool, url: str, key: str, seconds: float) -> Times:
    """Return the response times of all connections."""
    calls = [(url, key, N_USERS, seconds, seed) for seed in range(N_CLIENTS)]
    by_client = clients.starmap(read_lists, calls, chunksize=1)
    return [seconds for of_client in by_client for seconds in of_client]


def report(without: Times, with_ids: Times, owner: str) -> None:
    """Print both distributions, and the ratios."""
    for name, times in (("not kept", without), ("kept", with_ids)):
        p50, p95 = (1000 * np.percentile(times, q) for q in (50, 95))
        print(f"  {name:9} p50 {p50:6.2f} ms  p95 {p95:6.2f} ms  {len(times):,} lists")
    ratios = [np.percentile(with_ids, q) / np.percentile(without, q) for q in (50, 95)]
    verdict = "ok" if max(ratios) <= TARGET else "TOO SLOW"
    print(
        f"  kept / not kept: p50 {ratios[0]:.2f}, p95 {ratios[1]:.2f} (target: {TARGET})", verdict
    )
    engine = database.connect(owner, DATASET)
    [(n_kept,)] = shop.rows(engine, "select count(*) from shown_lists")
    engine.dispose()
    print(f"  {n_kept:,} lists are kept")


if __name__ == "__main__":
    main()
