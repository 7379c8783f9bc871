"""Duration of a list of 20 items with titles: through the API, and of its SQL statement alone.

    python -m benchmarks.api_read [--users 6040] [--seconds 10]

The API runs as in production, in one process. 8 clients read at the same time; each is a
process with one open connection, kept simple so that it takes little CPU time from the API. The
statement alone is executed on one psycopg2 connection.
"""

import argparse
import multiprocessing
import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.client import HTTPConnection
from itertools import chain

import numpy as np
import pyarrow as pa
from sqlalchemy.orm import Session

from ops.settings import HOST
from serving.lists import precomputed, recommendations
from serving.lists.precomputed import ListRequest
from serving.lists.releases.cache import ReleaseCache
from serving.publishing.publish import Candidate, publish
from serving.storage import database, keys
from tests.support.serving import shop
from tests.support.serving.server import (
    as_role,
    create_database,
    free_port,
    temporary_server,
)

N_ITEMS, LENGTH, N_CLIENTS, LIMIT, TARGET_MS = 3706, 100, 8, 20, 20
DATASET = "bench"
PLATFORM_SETTINGS = {"API_SINGLE_CPU": "true", "OPENBLAS_NUM_THREADS": "1"}


def main() -> None:
    """Print p50 and p95 of both, their ratio, and the requests per second."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--users", type=int, default=6040)
    parser.add_argument("--seconds", type=float, default=10)
    arguments = parser.parse_args()
    with temporary_server() as server:
        owner = create_database(server.url("postgres"), DATASET)
        key = prepare(owner, arguments.users)
        with running_api(as_role(owner, "api")) as url:
            calls = [
                (url, key, arguments.users, arguments.seconds, seed) for seed in range(N_CLIENTS)
            ]
            read_lists(url, key, arguments.users, 1, 0)  # warm up
            with multiprocessing.get_context("spawn").Pool(N_CLIENTS) as clients:
                durations = [*chain.from_iterable(clients.starmap(read_lists, calls))]
            one_client = read_lists(url, key, arguments.users, arguments.seconds / 2, 99)
        sql_alone = statement(as_role(owner, "api"), arguments.users, arguments.seconds / 2)
    report(durations, one_client, sql_alone, arguments.seconds)


def report(
    all_clients: list[float], one_client: list[float], sql_alone: list[float], seconds: float
) -> None:
    """Print the table, and whether p95 meets the target."""
    print(f"a list of {LIMIT} with titles          p50 ms   p95 ms")
    for name, durations in (
        (f"API, {N_CLIENTS} clients", all_clients),
        ("API, one client", one_client),
        ("SQL alone, one client", sql_alone),
    ):
        p50, p95 = 1000 * np.percentile(durations, [50, 95])
        print(f"  {name:30} {p50:8.2f} {p95:8.2f}")
    p95 = 1000 * float(np.percentile(all_clients, 95))
    ratio = statistics.median(one_client) / statistics.median(sql_alone)
    print(f"  {len(all_clients) / seconds:.0f} requests per second with {N_CLIENTS} clients")
    print(f"  one client through the API takes {ratio:.1f} times as long as the SQL alone (p50)")
    print(f"  p95 {p95:.1f} ms (target: {TARGET_MS} ms) {'ok' if p95 <= TARGET_MS else 'TOO SLOW'}")


def prepare(owner: str, users: int) -> str:
    """Publish lists for this many users, and return a key that may read them."""
    database.migrate(owner, DATASET)
    database.grant(owner, DATASET)
    random = np.random.default_rng(1)
    scores = np.linspace(1, 0.1, LENGTH).tolist()
    lists = [
        {
            "user_id": str(user),
            "item_ids": [str(i) for i in random.choice(N_ITEMS, LENGTH, replace=False)],
            "scores": scores,
        }
        for user in range(users)
    ]
    rows = {
        "recommendations": lists,
        "fallback_lists": [{"segment": "", **lists[0]}],
        "items": shop.items(**{str(n): f"The title of film {n}" for n in range(N_ITEMS)}),
    }
    tables = {name: pa.Table.from_pylist(table).to_batches() for name, table in rows.items()}
    fit = Candidate("fit", "first", "als", {}, {}, shop.ABOUT, {"recommendations": users})
    engine = database.connect(owner, DATASET)
    publish(engine, fit, tables, actor="bench", reason="bench", instead_of=None)
    with Session(engine) as session, session.begin():
        key = keys.create(session, "bench", ["read"])
    engine.dispose()
    return key


@contextmanager
def running_api(
    url: str, app: str = "serving.api.app:create_app", *, log: int | None = None
) -> Iterator[str]:
    """Yield the base URL of an app (the API) in a process of its own, once it is ready."""
    with started_api(url, app, log=log) as ((host, port), _):
        yield f"http://{host}:{port}"


@contextmanager
def started_api(
    url: str,
    app: str = "serving.api.app:create_app",
    *,
    log: int | None = None,
    **variables: str,
) -> Iterator[tuple[tuple[str, int], int]]:
    """Yield the address and process id of an app (the API), once it is ready.

    `variables` are added to its environment.

    It opens its port itself, as in production: a socket inherited from this process would lack
    TCP_NODELAY, and each answer would take 40 ms longer.
    """
    port = free_port()
    command = ["-m", "edge.serve", app, "--host", HOST, "--port", str(port)]
    process = subprocess.Popen(  # noqa: S603 # no input
        [sys.executable, *command],
        env=os.environ | PLATFORM_SETTINGS | {"SERVING_DATABASE_URL": url} | variables,
        stderr=log,
    )
    try:
        deadline = time.monotonic() + 60
        while not is_listening(port) and time.monotonic() < deadline:
            time.sleep(0.1)
        yield (HOST, port), process.pid
    finally:
        process.terminate()
        process.wait(timeout=10)


def is_listening(port: int) -> bool:
    """Return whether a process listens on the port."""
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) == 0


def read_lists(url: str, key: str, users: int, seconds: float, seed: int) -> list[float]:
    """Return the duration of each request of one client, in seconds."""
    random = np.random.default_rng(seed)
    durations = []
    headers = {"Authorization": f"Bearer {key}"}
    http = HTTPConnection(url.removeprefix("http://"), timeout=30)
    deadline = time.perf_counter() + seconds
    while (started := time.perf_counter()) < deadline:
        user = random.integers(users)
        path = f"/v1/{DATASET}/users/{user}/recommendations?limit={LIMIT}"
        http.request("GET", path, headers=headers)
        answer = http.getresponse()
        body = answer.read()
        durations.append(time.perf_counter() - started)
        if answer.status != HTTPStatus.OK or body.count(b'"title"') != LIMIT:
            raise RuntimeError(f"status {answer.status}: {body[:200]!r}")
    http.close()
    return durations


def statement(url: str, users: int, seconds: float) -> list[float]:
    """Return the durations of the statement alone on a psycopg2 connection, in seconds."""
    engine = database.connect(url, DATASET, autocommit=True)
    random = np.random.default_rng(7)
    durations = []
    with engine.connect() as connection:
        raw = connection.connection.dbapi_connection
        if raw is None:
            raise RuntimeError("no connection")
        recommendations.for_user(
            connection, ReleaseCache(), "0", ListRequest(limit=LIMIT)
        )  # prepares the statement
        cursor = raw.cursor()
        deadline = time.perf_counter() + seconds
        name = precomputed.FOR_USER.name
        while (started := time.perf_counter()) < deadline:
            values = (str(random.integers(users)), LIMIT)
            cursor.execute(f"execute {name}(%s, %s, false)", values)
            cursor.fetchall()
            durations.append(time.perf_counter() - started)
    engine.dispose()
    return durations


if __name__ == "__main__":
    main()
