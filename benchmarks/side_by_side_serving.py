"""Lists of 20 read and ratings written per second, through Lantern's API and through gorse.

    python -m benchmarks.side_by_side_serving path/to/gorse-in-one [--seconds 5] [--rounds 3]

Both have the same users, items and ratings, and store lists of 100 items in a Postgres with fsync.
gorse is one process on all cores and computes its lists before the measurement. Lantern runs with
one worker, then with two. Rounds alternate. CPU is the processor time per answer, including
Postgres: on a busy machine, compare this figure. `benchmarks.gorse` has gorse's settings.
"""

import argparse
import json
import os
import statistics
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from http import HTTPStatus
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import pyarrow as pa
from sqlalchemy.orm import Session

from benchmarks import gorse
from benchmarks.api_read import started_api
from serving.publishing.publish import publish
from serving.storage import database, keys
from tests.support.load.closed_loop import Answer, Request, drive, percentiles, request
from tests.support.serving import shop
from tests.support.serving.server import as_role, create_database, temporary_server

DATASET = "bench"
N_USERS, N_ITEMS, RATED, LENGTH, LIMIT = 1000, 3706, 50, 100, 20
N_READERS, N_WRITERS = 16, 8


@dataclass(frozen=True)
class System:
    """A running server: its addresses, its processes, and the requests of a list and a rating."""

    name: str
    addresses: list[tuple[str, int]]
    pids: list[int]  # including its Postgres
    read: Callable[[int], Request]
    write: Callable[[int, int, float], Request]
    length: Callable[[Any], int]  # number of items in the body of an answer


def main() -> None:
    """Print a table of both."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("gorse", type=Path, help="the binary gorse-in-one")
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with ExitStack() as running:
        systems = [
            *running.enter_context(lantern()),
            running.enter_context(gorse_with_lists(options.gorse.resolve())),
        ]
        reads = measured(systems, reader, N_READERS, options.seconds, options.rounds)
        writes = measured(systems, writer, N_WRITERS, options.seconds, options.rounds)
    print(f"{N_USERS} users, {N_ITEMS} items, {RATED} ratings each; lists of {LIMIT}")
    print("| | lists/s | p50 ms | p95 ms | CPU ms | ratings/s | p50 ms | p95 ms | CPU ms |")
    print("|---|---|---|---|---|---|---|---|---|")
    for system in systems:
        name = system.name
        print(f"| {name} | {figures(reads[name])} | {figures(writes[name])} |")
    *own, other = systems
    for system in own:
        lists, ratings = (
            statistics.median(results[system.name].rates)
            / statistics.median(results[other.name].rates)
            for results in (reads, writes)
        )
        print(f"{system.name}, relative to gorse: lists {lists:.2f}, ratings {ratings:.2f}")


@dataclass
class Measurement:
    """The rounds of one system."""

    rates: list[float]
    answers: list[Answer]
    cpu_seconds: float = 0


def measured(
    systems: list[System],
    next_request_of: Callable[[System, np.random.Generator], Callable[[], Request]],
    connections: int,
    seconds: float,
    rounds: int,
) -> dict[str, Measurement]:
    """Return the measurement of each system by name, without the first round (warm-up)."""
    results = {system.name: Measurement([], []) for system in systems}
    for number in range(rounds + 1):
        for system in systems:
            result = results[system.name]
            before = gorse.cpu_seconds(system.pids)
            answers = drive(
                system.addresses,
                next_request_of(system, np.random.default_rng(number)),
                connections=connections,
                seconds=seconds,
                check=check_of(system),
            )
            if number:
                result.cpu_seconds += gorse.cpu_seconds(system.pids) - before
                result.rates.append(len(answers) / seconds)
                result.answers.extend(answers)
    return results


def figures(result: Measurement) -> str:
    """Return median rate, p50, p95 and processor time per answer, as cells of the table."""
    p50, p95 = percentiles(result.answers, 50, 95)
    cpu_ms = 1000 * result.cpu_seconds / len(result.answers)
    return f"{statistics.median(result.rates):.0f} | {p50:.1f} | {p95:.1f} | {cpu_ms:.2f}"


def reader(system: System, random: np.random.Generator) -> Callable[[], Request]:
    """Return a function that requests the list of a random user."""
    return lambda: system.read(int(random.integers(N_USERS)))


def writer(system: System, random: np.random.Generator) -> Callable[[], Request]:
    """Return a function that sends a random rating of a random user."""

    def next_request() -> Request:
        user, item, stars = random.integers((N_USERS, N_ITEMS, 5)).tolist()
        return system.write(user, item, float(1 + stars))

    return next_request


def check_of(system: System) -> Callable[[Answer], None]:
    """Return a function that raises RuntimeError at an error or an incomplete list."""

    def check(answer: Answer) -> None:
        is_complete = answer.kind != "read" or system.length(answer.body) == LIMIT
        if answer.status != HTTPStatus.OK or not is_complete:
            raise RuntimeError(f"{system.name}: {answer.status} {answer.body[:300]!r}")

    return check


def history() -> Iterator[tuple[int, list[int], list[float]]]:
    """Yield each user with the rated items and the ratings."""
    random = np.random.default_rng(1)
    for user in range(N_USERS):
        items = random.choice(N_ITEMS, RATED, replace=False).tolist()
        yield user, items, random.integers(1, 6, RATED).astype(float).tolist()


@contextmanager
def lantern() -> Iterator[list[System]]:
    """Yield Lantern's API with a release of these users: with one worker and with two."""
    with temporary_server({"max_connections": "200"}) as server, ExitStack() as running:
        owner = create_database(server.url("postgres"), DATASET)
        headers = {"Authorization": f"Bearer {prepare(owner)}"}
        api = as_role(owner, "api")
        workers = []
        for cpu in sorted(os.sched_getaffinity(0))[-1:-3:-1]:
            with affinity(cpu):
                workers.append(running.enter_context(started_api(api)))
        postgres = gorse.postmaster(server.data)
        yield [_lantern(workers[:1], postgres, headers), _lantern(workers, postgres, headers)]


@contextmanager
def affinity(cpu: int) -> Iterator[None]:
    """Restrict processes that are started in the block to one CPU."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {cpu})
    yield
    os.sched_setaffinity(0, before)


def _lantern(
    workers: list[tuple[tuple[str, int], int]], postgres: int, headers: dict[str, str]
) -> System:
    root = f"/v1/{DATASET}/users"

    def read(user: int) -> Request:
        return request("read", "GET", f"{root}/{user}/recommendations?limit={LIMIT}", headers)

    def write(user: int, item: int, stars: float) -> Request:
        with_key = headers | {"Idempotency-Key": str(uuid4())}
        return request("write", "PUT", f"{root}/{user}/ratings/{item}", with_key, {"rating": stars})

    name = f"Lantern, {'one worker' if len(workers) == 1 else 'two workers'}"
    addresses, pids = [at for at, _ in workers], [postgres, *(pid for _, pid in workers)]
    return System(name, addresses, pids, read, write, lambda body: body.count(b'"title"'))


def prepare(owner: str) -> str:
    """Publish lists and profiles of these users and return an API key."""
    database.migrate(owner, DATASET)
    database.grant(owner, DATASET)
    random = np.random.default_rng(2)
    scores = np.linspace(1, 0.1, LENGTH).tolist()
    popular = [str(item) for item in range(LENGTH)]
    rows: dict[str, shop.Rows] = {
        "recommendations": [
            {"user_id": str(user), "item_ids": _others(random, items), "scores": scores}
            for user, items, _ in history()
        ],
        "profiles": [
            {
                "user_id": str(user),
                "segment": "",
                "item_ids": [str(item) for item in items],
                "ratings": stars,
                "rated_at": [shop.RATED_AT] * RATED,
            }
            for user, items, stars in history()
        ],
        "fallback_lists": [{"segment": "", "item_ids": popular, "scores": scores}],
        "items": shop.items(**{str(n): f"The title of film {n}" for n in range(N_ITEMS)}),
    }
    tables = {name: pa.Table.from_pylist(table).to_batches() for name, table in rows.items()}
    fit = replace(shop.FIT, counts={})
    engine = database.connect(owner, DATASET)
    publish(engine, fit, tables, actor="bench", reason="bench", instead_of=None)
    with Session(engine) as session, session.begin():
        key = keys.create(session, "bench", ["read", "feedback"])
    engine.dispose()
    return key


@contextmanager
def gorse_with_lists(binary: Path) -> Iterator[System]:
    """Yield gorse, once it has a list for every user."""
    with (
        tempfile.TemporaryDirectory(prefix="gorse-") as name,
        gorse.debian_postgres(Path(name)) as url,
    ):
        folder = Path(name)
        ratings = [
            gorse.rating(user, *item_and_stars)
            for user, items, stars in history()
            for item_and_stars in zip(items, stars, strict=True)
        ]
        with gorse.running(binary, url, folder, length=LENGTH) as (address, _):
            gorse.send(address, "/api/items", gorse.items(N_ITEMS))
            gorse.send(address, "/api/feedback", ratings)
        with gorse.running(binary, url, folder, length=LENGTH) as (address, pid):
            gorse.wait_for_lists(url, N_USERS, timeout=900)  # it fits a model when it starts
            gorse.wait_until_idle(pid, timeout=900)
            yield System(
                "gorse",
                [address],
                [pid, gorse.postmaster(folder / "postgres")],
                lambda user: request("read", "GET", f"/api/recommend/{user}?n={LIMIT}", {}),
                lambda user, item, stars: request(
                    "write", "PUT", "/api/feedback", {}, [gorse.rating(user, item, stars)]
                ),
                lambda body: len(json.loads(body)),
            )


def _others(random: np.random.Generator, items: list[int]) -> list[str]:
    chosen = random.choice(N_ITEMS, LENGTH + RATED, replace=False).tolist()
    return [str(item) for item in chosen if item not in items][:LENGTH]


if __name__ == "__main__":
    main()
