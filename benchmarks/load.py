"""A minute of mixed load through the API: its rate, and the duration of each kind of request.

    python -m benchmarks.load [--seconds 60] [--connections 16 64]

One client with many connections requests precomputed and computed lists, with and without reasons,
explanations, searches, ratings and hides. Halfway a release is published and rules change. Every
list must be of one release: each release has its own items.
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
from tests.support.load.busy_shop import HONEST, SHARES, Mix, World
from tests.support.load.closed_loop import Answer, changing, drive, percentiles
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
            one_load(owner, n_connections, arguments.seconds)


def one_load(owner: str, n_connections: int, seconds: float) -> None:
    """Print the results of one load."""
    key = create_shop(owner)
    publisher, api = as_role(owner, "publisher"), as_role(owner, "api")
    world = World(database.connect(publisher, DATASET), database.connect(api, DATASET))
    world.prepare()
    mix = Mix(DATASET, key, world.people, world.items)
    with started_api(api, log=subprocess.DEVNULL) as (address, pid):
        drive([address], mix.ask, connections=n_connections, seconds=3)  # warm
        before = resident(pid)
        load = partial(
            drive, [address], mix.ask, connections=n_connections, seconds=seconds, see=mix.see
        )
        answers = changing(world.change, seconds / 2, load)
        report(answers, mix, n_connections, seconds, (before, resident(pid)))
    world.publisher.dispose()
    world.writer.dispose()


def report(
    answers: list[Answer], mix: Mix, n_connections: int, seconds: float, memory: tuple[int, int]
) -> None:
    """Print the table and the verdict."""
    refused = Counter(answer.status for answer in answers if answer.status in HONEST)
    print(f"{n_connections} connections, {len(answers) / seconds:.0f} requests a second")
    print(f"  {'kind':18} {'a second':>9} {'p50 ms':>8} {'p95 ms':>8} {'p99 ms':>8}")
    for kind in SHARES:
        of_kind = [answer for answer in answers if answer.kind == kind]
        figures = "".join(f" {ms:8.1f}" for ms in percentiles(of_kind, 50, 95, 99))
        print(f"  {kind:18} {len(of_kind) / seconds:9.1f}{figures}")
    print(f"  refused for now (503, 429): {dict(refused) or 0}; wrong: {len(mix.wrong)}")
    print(f"  releases seen: {sorted(mix.shown)}")
    print(f"  memory of the API: {memory[0]} MB before, {memory[1]} MB after")
    for line in mix.wrong[:5]:
        print(f"  WRONG {line}")
    is_consistent = len({release for release, _ in mix.shown}) == len(mix.shown)
    sys.exit("NOT GOOD") if mix.wrong or not is_consistent else print("  ok", flush=True)


def resident(pid: int) -> int:
    """Return the megabytes of memory that a process has."""
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
