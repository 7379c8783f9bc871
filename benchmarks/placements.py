"""Response time of a page with four shelves, by one request for a placement.

    python -m benchmarks.placements [--seconds 5] [--rounds 4] [--items 3706]

16 connections read the default placement `home` (20 items on each of its four shelves) from one
process of the API, and then from one per core: of users whose list is precomputed, of users with a
rating since the release, of whom the list is computed online, and both with a filter on one shelf.
Every shelf is kept under its `list_id`. Users have 50 ratings, and Postgres runs with fsync.
"""

import argparse
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from http import HTTPStatus

import numpy as np
import pyarrow as pa

from benchmarks.api_read import started_api
from benchmarks.live_read import CONSTANTS, LENGTH, N_USERS, RANK, RATED, rated_and_keyed, show
from serving.placements import store
from serving.publishing.publish import Candidate, publish
from serving.schemas import NewPlacement
from serving.storage import database
from tests.support.load.closed_loop import Answer, Request, drive, request
from tests.support.serving import shop
from tests.support.serving.server import as_role, create_database, temporary_server

Address = tuple[str, int]  # host and port
DATASET, N_CLIENTS, TARGET_MS = "bench", 16, 25.0
N_CATEGORIES, N_SHELVES, N_SHOWN = 18, 4, 20
FILTERED = "filtered"  # the placement whose second shelf has a filter


def main() -> None:
    """Print p50 and p95 of each kind of user, and how many shelves are kept."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--items", type=int, default=3706)
    options = parser.parse_args()
    with temporary_server({"max_connections": "200"}) as server:
        owner = create_database(server.url("postgres"), DATASET)
        key = prepare(owner, options.items)
        pages = {
            f"{list_kind}, placement {name}": f"/v1/{DATASET}/placements/{name}?user_id={user}-{{}}"
            for user, list_kind in (("old", "precomputed"), ("new", "computed online"))
            for name in ("home", FILTERED)
        }
        n_answers = 0
        for n_processes in (1, len(os.sched_getaffinity(0))):
            times: dict[str, list[float]] = {name: [] for name in pages}
            with running(as_role(owner, "api"), n_processes) as addresses:
                for turn in range(1 + options.rounds):
                    for name, path in pages.items():
                        measured = read(addresses, key, path, options.seconds, seed=turn)
                        times[name] += measured if turn else []  # the first turn warms up
                time.sleep(2)  # the queue is written
            print(f"processes of the API: {n_processes}")
            for name, seconds in times.items():
                show(name, seconds, TARGET_MS)
            n_answers += sum(map(len, times.values()))
        engine = database.connect(owner, DATASET)
        [(n_kept,)] = shop.rows(engine, "select count(*) from shown_lists")
        engine.dispose()
        print(f"  {n_answers:,} answers; {n_kept:,} shelves are kept")


@contextmanager
def running(url: str, n_processes: int) -> Iterator[Sequence[Address]]:
    """Yield the addresses of processes of the API.

    One alone stays on one core, as `lantern up` starts it.
    """
    is_alone = str(n_processes == 1).lower()
    with ExitStack() as stack:
        started = [
            stack.enter_context(started_api(url, API_SINGLE_CPU=is_alone))
            for _ in range(n_processes)
        ]
        yield [address for address, _ in started]


def prepare(owner: str, n_items: int) -> str:
    """Publish items, factors and users, rate one item for half of the users; return a key."""
    database.migrate(owner, DATASET)
    database.grant(owner, DATASET)
    engine = database.connect(owner, DATASET)
    batches = {
        name: pa.Table.from_pylist(rows).to_batches() for name, rows in tables(n_items).items()
    }
    fit = Candidate("fit", "first", "als", {}, CONSTANTS, shop.ABOUT, {})
    publish(engine, fit, batches, actor="bench", reason="bench", instead_of=None)
    with engine.begin() as connection:
        home = [*store.active(connection, "home").shelves]
        home[1] = home[1].model_copy(update={"filter": "released >= 1960"})
        new = NewPlacement(shelves=tuple(home), instead_of=0, reason="bench")
        store.replace(connection, FILTERED, new, actor="bench")
    key = rated_and_keyed(engine)
    engine.dispose()
    return key


def tables(n_items: int) -> dict[str, shop.Rows]:
    """Return the rows of a release, of users whose names begin with `old` and with `new`."""
    random = np.random.default_rng(1)
    factors = random.normal(0, 0.3, (n_items, RANK)).astype(np.float32)
    popularity, trending = random.pareto(1, (2, n_items)).tolist()
    users = [f"{kind}-{n}" for kind in ("old", "new") for n in range(N_USERS)]
    scores = np.linspace(1, 0.1, LENGTH).tolist()

    def some(n: int) -> list[str]:
        return [str(item) for item in 1 + random.choice(n_items - 1, n, replace=False)]

    return {
        "recommendations": [
            {"user_id": user, "item_ids": some(LENGTH), "scores": scores} for user in users
        ],
        "profiles": [
            {
                "user_id": user,
                "segment": "",
                "item_ids": some(RATED - 1),
                "ratings": random.integers(1, 11, RATED - 1).astype(float).tolist(),
                "rated_at": [shop.RATED_AT] * (RATED - 1),
            }
            for user in users
        ],
        "item_factors": [
            {
                "item_id": str(n),
                "factors": factors[n].tolist(),
                "popularity": popularity[n],
                "trending": trending[n],
            }
            for n in range(n_items)
        ],
        "fallback_lists": [{"segment": "", "item_ids": some(LENGTH), "scores": scores}],
        "items": [
            {
                "item_id": str(n),
                "title": f"The title of film {n}",
                "categories": [f"Category {n % N_CATEGORIES}", f"Category {n % 7}"],
                "vendor": None,
                "released": 1930 + n % 90,
            }
            for n in range(n_items)
        ],
    }


def read(
    addresses: Sequence[Address], key: str, path: str, seconds: float, *, seed: int
) -> list[float]:
    """Return the duration of each request of all connections, in seconds.

    Raises:
        RuntimeError: an answer has fewer shelves, or fewer items.
    """
    random = np.random.default_rng(seed)
    headers = {"Authorization": f"Bearer {key}"}

    def next_request() -> Request:
        return request("placement", "GET", path.format(random.integers(N_USERS)), headers)

    def check(answer: Answer) -> None:
        n_shelves, n_shown = answer.body.count(b'"list_id"'), answer.body.count(b'"item_id"')
        is_full = n_shelves == N_SHELVES and n_shown == N_SHELVES * N_SHOWN
        if answer.status != HTTPStatus.OK or not is_full:
            raise RuntimeError(f"status {answer.status}: {answer.body[:300]!r}")

    answers = drive(addresses, next_request, connections=N_CLIENTS, seconds=seconds, check=check)
    return [answer.seconds for answer in answers]


if __name__ == "__main__":
    main()
