"""One list of 20, and one rating, through our API and through gorse, side by side in one run.

    python -m benchmarks.side_by_side_serving path/to/gorse-in-one [--seconds 5] [--rounds 3]

Both have the same people, items and ratings, and keep lists of 100 in a Postgres that has fsync on.
gorse is one process on all cores and makes its lists itself before it is asked; ours is one worker,
then two. Rounds alternate. CPU is the processor time of one answer, Postgres included: on a busy
machine it is what to compare. See `benchmarks.gorse` for its settings.
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
from tests.support.load.closed_loop import Answer, Ask, drive, percentiles, request
from tests.support.serving import shop
from tests.support.serving.server import as_role, create_database, temporary_server

DATASET = "bench"
N_PEOPLE, N_ITEMS, RATED, LENGTH, LIMIT = 1000, 3706, 50, 100, 20
N_READERS, N_WRITERS = 16, 8


@dataclass(frozen=True)
class Contestant:
    """Where it answers, its processes, and how it is asked for a list and told a rating."""

    name: str
    addresses: list[tuple[str, int]]
    pids: list[int]  # with its Postgres
    read: Callable[[int], Ask]
    write: Callable[[int, int, float], Ask]
    length: Callable[[Any], int]  # of a list, as it came


def main() -> None:
    """Print one table."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("gorse", type=Path, help="the binary gorse-in-one")
    arguments.add_argument("--seconds", type=float, default=5)
    arguments.add_argument("--rounds", type=int, default=3)
    given = arguments.parse_args()
    with ExitStack() as running:
        contestants = [
            *running.enter_context(ours()),
            running.enter_context(theirs(given.gorse.resolve())),
        ]
        reads = measured(contestants, reader, N_READERS, given.seconds, given.rounds)
        writes = measured(contestants, writer, N_WRITERS, given.seconds, given.rounds)
    print(f"{N_PEOPLE} people, {N_ITEMS} items, {RATED} ratings each; lists of {LIMIT}")
    print("| | lists/s | p50 ms | p95 ms | CPU ms | ratings/s | p50 ms | p95 ms | CPU ms |")
    print("|---|---|---|---|---|---|---|---|---|")
    for one in contestants:
        print(f"| {one.name} | {figures(reads[one.name])} | {figures(writes[one.name])} |")
    *own, other = contestants
    for one in own:
        lists, ratings = (
            statistics.median(found[one.name].rates) / statistics.median(found[other.name].rates)
            for found in (reads, writes)
        )
        print(f"{one.name}: {lists:.2f} times gorse's lists, {ratings:.2f} times its ratings")


@dataclass
class Found:
    """One contestant's rounds."""

    rates: list[float]
    answers: list[Answer]
    cpu_seconds: float = 0


def measured(
    contestants: list[Contestant],
    asks: Callable[[Contestant, np.random.Generator], Callable[[], Ask]],
    connections: int,
    seconds: float,
    rounds: int,
) -> dict[str, Found]:
    """Return what each did, round after round, the first one to warm up not counted."""
    found = {one.name: Found([], []) for one in contestants}
    for number in range(rounds + 1):
        for one in contestants:
            ask = asks(one, np.random.default_rng(number))
            look = looking(one)
            before = gorse.cpu_seconds(one.pids)
            answers = drive(one.addresses, ask, connections=connections, seconds=seconds, see=look)
            if number:
                found[one.name].cpu_seconds += gorse.cpu_seconds(one.pids) - before
                found[one.name].rates.append(len(answers) / seconds)
                found[one.name].answers.extend(answers)
    return found


def figures(found: Found) -> str:
    """Return the rounds' median rate, p50, p95 and processor time each, as cells of the table."""
    p50, p95 = percentiles(found.answers, 50, 95)
    cpu_ms = 1000 * found.cpu_seconds / len(found.answers)
    return f"{statistics.median(found.rates):.0f} | {p50:.1f} | {p95:.1f} | {cpu_ms:.2f}"


def reader(one: Contestant, random: np.random.Generator) -> Callable[[], Ask]:
    """Return what asks for the list of anybody."""
    return lambda: one.read(int(random.integers(N_PEOPLE)))


def writer(one: Contestant, random: np.random.Generator) -> Callable[[], Ask]:
    """Return what rates anything for anybody."""

    def ask() -> Ask:
        user, item, stars = random.integers((N_PEOPLE, N_ITEMS, 5)).tolist()
        return one.write(user, item, float(1 + stars))

    return ask


def looking(one: Contestant) -> Callable[[Answer], None]:
    """Return what refuses an answer that is none."""

    def look(answer: Answer) -> None:
        whole = answer.kind != "read" or one.length(answer.body) == LIMIT
        if answer.status != HTTPStatus.OK or not whole:
            raise RuntimeError(f"{one.name}: {answer.status} {answer.body[:300]!r}")

    return look


def history() -> Iterator[tuple[int, list[int], list[float]]]:
    """Yield each person with what he rated."""
    random = np.random.default_rng(1)
    for user in range(N_PEOPLE):
        items = random.choice(N_ITEMS, RATED, replace=False).tolist()
        yield user, items, random.integers(1, 6, RATED).astype(float).tolist()


@contextmanager
def ours() -> Iterator[list[Contestant]]:
    """Yield our API with a release of these people: one worker, and as many as gorse has cores."""
    with temporary_server({"max_connections": "200"}) as server, ExitStack() as running:
        owner = create_database(server.url("postgres"), DATASET)
        head = {"Authorization": f"Bearer {prepare(owner)}"}
        api = as_role(owner, "api")
        workers = []
        for processor in sorted(os.sched_getaffinity(0))[-1:-3:-1]:
            with only(processor):
                workers.append(running.enter_context(started_api(api)))
        postgres = gorse.postmaster(server.data)
        yield [_ours(workers[:1], postgres, head), _ours(workers, postgres, head)]


@contextmanager
def only(processor: int) -> Iterator[None]:
    """Let what is started here run on this processor alone."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {processor})
    yield
    os.sched_setaffinity(0, before)


def _ours(
    workers: list[tuple[tuple[str, int], int]], postgres: int, head: dict[str, str]
) -> Contestant:
    root = f"/v1/{DATASET}/users"

    def read(user: int) -> Ask:
        return request("read", "GET", f"{root}/{user}/recommendations?limit={LIMIT}", head)

    def write(user: int, item: int, stars: float) -> Ask:
        own = head | {"Idempotency-Key": str(uuid4())}
        return request("write", "PUT", f"{root}/{user}/ratings/{item}", own, {"rating": stars})

    name = f"Lantern, {'one worker' if len(workers) == 1 else 'two workers'}"
    addresses, pids = [at for at, _ in workers], [postgres, *(pid for _, pid in workers)]
    return Contestant(name, addresses, pids, read, write, lambda body: body.count(b'"title"'))


def prepare(owner: str) -> str:
    """Publish lists and profiles of these people, and return a product's key."""
    database.migrate(owner, DATASET)
    database.grant(owner, DATASET)
    random = np.random.default_rng(2)
    scores = np.linspace(1, 0.1, LENGTH).tolist()
    everybody = [str(item) for item in range(LENGTH)]
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
        "fallback_lists": [{"segment": "", "item_ids": everybody, "scores": scores}],
        "items": shop.items(**{str(n): f"The title of film {n}" for n in range(N_ITEMS)}),
    }
    tables = {name: pa.Table.from_pylist(found).to_batches() for name, found in rows.items()}
    fit = replace(shop.FIT, counts={})
    engine = database.connect(owner, DATASET)
    publish(engine, fit, tables, actor="bench", reason="bench", instead_of=None)
    with Session(engine) as session, session.begin():
        key = keys.create(session, "bench", ["read", "feedback"])
    engine.dispose()
    return key


@contextmanager
def theirs(binary: Path) -> Iterator[Contestant]:
    """Yield gorse, once it has made a list for everybody."""
    with (
        tempfile.TemporaryDirectory(prefix="gorse-") as name,
        gorse.debian_postgres(Path(name)) as url,
    ):
        folder = Path(name)
        rated = [
            gorse.rated(user, *one)
            for user, items, stars in history()
            for one in zip(items, stars, strict=True)
        ]
        with gorse.running(binary, url, folder, length=LENGTH) as (address, _):
            gorse.tell(address, "/api/items", gorse.items(N_ITEMS))
            gorse.tell(address, "/api/feedback", rated)
        with gorse.running(binary, url, folder, length=LENGTH) as (address, pid):
            gorse.wait_for_lists(url, N_PEOPLE, timeout=900)  # it learns at its start
            gorse.wait_until_idle(pid, timeout=900)
            yield Contestant(
                "gorse",
                [address],
                [pid, gorse.postmaster(folder / "postgres")],
                lambda user: request("read", "GET", f"/api/recommend/{user}?n={LIMIT}", {}),
                lambda user, item, stars: request(
                    "write", "PUT", "/api/feedback", {}, [gorse.rated(user, item, stars)]
                ),
                lambda body: len(json.loads(body)),
            )


def _others(random: np.random.Generator, items: list[int]) -> list[str]:
    chosen = random.choice(N_ITEMS, LENGTH + RATED, replace=False).tolist()
    return [str(item) for item in chosen if item not in items][:LENGTH]


if __name__ == "__main__":
    main()
