"""A minute of mixed load on the API: its rate, and the duration of each kind of request.

    python -m benchmarks.load [--seconds 60] [--connections 16 64]

One client with many connections requests lists (precomputed, computed online, with reasons),
explanations and searches, and sends ratings and hides. Halfway a release is published and rules
change. Each release has its own items, so a list that mixes two releases is found.
"""

import argparse
import subprocess
import sys
from collections import Counter
from functools import partial
from pathlib import Path

from sqlalchemy.orm import Session

from benchmarks.api_read import started_api
from serving.storage import database, keys
from tests.support.load.busy_shop import REFUSALS, SHARES, BusyShop, MixedLoad
from tests.support.load.closed_loop import Answer, drive, load_with_change, percentiles
from tests.support.serving.server import as_role, create_database, temporary_server

DATASET = "bench"


def main() -> None:
    """Print a table for each number of connections."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--connections", type=int, nargs="+", default=[16, 64])
    arguments = parser.parse_args()
    for n_connections in arguments.connections:
        with temporary_server({"max_connections": "200"}) as server:
            owner = create_database(server.url("postgres"), DATASET)
            measure(owner, n_connections, arguments.seconds)


def measure(owner: str, n_connections: int, seconds: float) -> None:
    """Print the results of a load with this number of connections."""
    key = create_shop(owner)
    publisher, api = as_role(owner, "publisher"), as_role(owner, "api")
    shop = BusyShop(database.connect(publisher, DATASET), database.connect(api, DATASET))
    shop.prepare()
    load = MixedLoad(DATASET, key, shop.n_users, shop.n_items)
    with started_api(api, log=subprocess.DEVNULL) as (address, pid):
        run = partial(drive, [address], load.next_request, connections=n_connections)
        run(seconds=3)  # warm up
        memory_before = resident(pid)
        answers = load_with_change(
            partial(run, seconds=seconds, check=load.check), shop.change, after=seconds / 2
        )
        report(answers, load, n_connections, seconds, (memory_before, resident(pid)))
    shop.publisher.dispose()
    shop.writer.dispose()


def report(
    answers: list[Answer],
    load: MixedLoad,
    n_connections: int,
    seconds: float,
    memory: tuple[int, int],
) -> None:
    """Print the table, and exit with an error if an answer was wrong."""
    refused = Counter(answer.status for answer in answers if answer.status in REFUSALS)
    print(f"{n_connections} connections, {len(answers) / seconds:.0f} requests per second")
    print(f"  {'kind':20} {'per s':>9} {'p50 ms':>8} {'p95 ms':>8} {'p99 ms':>8}")
    for kind in SHARES:
        of_kind = [answer for answer in answers if answer.kind == kind]
        figures = "".join(f" {ms:8.1f}" for ms in percentiles(of_kind, 50, 95, 99))
        print(f"  {kind:20} {len(of_kind) / seconds:9.1f}{figures}")
    print(f"  refused (503, 429): {dict(refused) or 0}; errors: {len(load.errors)}")
    print(f"  releases seen: {sorted(load.releases_seen)}")
    print(f"  memory of the API: {memory[0]} MB before, {memory[1]} MB after")
    for line in load.errors[:5]:
        print(f"  ERROR {line}")
    is_consistent = len({id_ for id_, _ in load.releases_seen}) == len(load.releases_seen)
    sys.exit("FAILED") if load.errors or not is_consistent else print("  ok", flush=True)


def resident(pid: int) -> int:
    """Return the resident memory of a process, in MB."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * 4096 // 1_000_000


def create_shop(owner: str) -> str:
    """Create an empty shop, and return a product's key."""
    database.migrate(owner, DATASET)
    database.grant(owner, DATASET)
    engine = database.connect(owner, DATASET)
    with Session(engine) as session, session.begin():
        key = keys.create(session, "bench", ["read", "feedback"])
    engine.dispose()
    return key


if __name__ == "__main__":
    main()
