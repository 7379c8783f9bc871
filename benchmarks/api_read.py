"""One list of 20 items with titles through the API, 8 clients at once, against the bare statement.

    python -m benchmarks.api_read [--users 6040] [--seconds 10]

The API runs as in production, in one uvicorn process. Each client is a process with one open
connection, kept simple so that it takes little CPU time from the API. The bare statement is the
same SQL from one psycopg2 connection.
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

import numpy as np
import pyarrow as pa
from sqlalchemy.orm import Session

from ops.settings import HOST
from serving.lists import precomputed, recommendations
from serving.lists.precomputed import ListRequest
from serving.lists.release_cache import ReleaseCache
from serving.publishing.publish import Candidate, publish
from serving.storage import database, keys
from tests.support.serving import shop
from tests.support.serving.server import (
    as_role,
    create_database,
    free_port,
    temporary_server,
)

N_ITEMS, LENGTH, N_CLIENTS, LIMIT, BAR_MS = 3706, 100, 8, 20, 20
DATASET = "bench"
AS_THE_PLATFORM = {"API_SINGLE_CPU": "true", "OPENBLAS_NUM_THREADS": "1"}


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
            ask(url, key, arguments.users, 1, 0)  # warm
            with multiprocessing.get_context("spawn").Pool(N_CLIENTS) as clients:
                of_clients = clients.starmap(ask, calls)
            seconds_taken = [seconds for of_client in of_clients for seconds in of_client]
            alone = ask(url, key, arguments.users, arguments.seconds / 2, 99)
        bare = statement(as_role(owner, "api"), arguments.users, arguments.seconds / 2)
    report(seconds_taken, alone, bare, arguments.seconds)


def report(together: list[float], alone: list[float], bare: list[float], seconds: float) -> None:
    """Print the table and the verdict."""
    print(f"a list of {LIMIT} with titles          p50 ms   p95 ms")
    for name, durations in (
        (f"API, {N_CLIENTS} clients", together),
        ("API, one client", alone),
        ("bare statement, one client", bare),
    ):
        p50, p95 = 1000 * np.percentile(durations, [50, 95])
        print(f"  {name:30} {p50:8.2f} {p95:8.2f}")
    p95 = 1000 * float(np.percentile(together, 95))
    ratio = statistics.median(alone) / statistics.median(bare)
    print(f"  {len(together) / seconds:.0f} requests a second with {N_CLIENTS} clients")
    print(f"  one client through the API takes {ratio:.1f} times the bare statement (p50)")
    print(f"  p95 {p95:.1f} ms (bar: {BAR_MS} ms) {'ok' if p95 <= BAR_MS else 'TOO SLOW'}")


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
    url: str, app: str = "serving.api.app:create_app", *, log: int | None = None
) -> Iterator[tuple[tuple[str, int], int]]:
    """Yield the address of an app (the API) and its process' id, once it is ready.

    It opens its port itself, as in production: a socket handed over by descriptor would miss
    TCP_NODELAY and wait 40 ms for each answer.
    """
    port = free_port()
    command = ["-m", "uvicorn", "--factory", app, "--no-access-log"]
    process = subprocess.Popen(  # noqa: S603 # no input
        [sys.executable, *command, "--host", HOST, "--port", str(port), "--log-level", "warning"],
        env=os.environ | AS_THE_PLATFORM | {"SERVING_DATABASE_URL": url},
        stderr=log,
    )
    try:
        until = time.monotonic() + 60
        while not is_listening(port) and time.monotonic() < until:
            time.sleep(0.1)
        yield (HOST, port), process.pid
    finally:
        process.terminate()
        process.wait(timeout=10)


def is_listening(port: int) -> bool:
    """Return whether a process listens on the port."""
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) == 0


def ask(url: str, key: str, users: int, seconds: float, seed: int) -> list[float]:
    """Return the seconds that each request of one client seconds_taken."""
    random = np.random.default_rng(seed)
    seconds_taken = []
    headers = {"Authorization": f"Bearer {key}"}
    http = HTTPConnection(url.removeprefix("http://"), timeout=30)
    until = time.perf_counter() + seconds
    while (started := time.perf_counter()) < until:
        user = random.integers(users)
        path = f"/v1/{DATASET}/users/{user}/recommendations?limit={LIMIT}"
        http.request("GET", path, headers=headers)
        answer = http.getresponse()
        body = answer.read()
        seconds_taken.append(time.perf_counter() - started)
        if answer.status != HTTPStatus.OK or body.count(b'"title"') != LIMIT:
            raise RuntimeError(f"status {answer.status}: {body[:200]!r}")
    http.close()
    return seconds_taken


def statement(url: str, users: int, seconds: float) -> list[float]:
    """Return the seconds that the bare statement takes, through psycopg2 and nothing else."""
    engine = database.connect(url, DATASET, autocommit=True)
    random = np.random.default_rng(7)
    seconds_taken = []
    with engine.connect() as connection:
        raw = connection.connection.dbapi_connection
        if raw is None:
            raise RuntimeError("no connection")
        recommendations.for_user(
            connection, ReleaseCache(), "0", ListRequest(limit=LIMIT)
        )  # which plans it
        cursor = raw.cursor()
        until = time.perf_counter() + seconds
        name = precomputed.FOR_USER.name
        while (started := time.perf_counter()) < until:
            values = (str(random.integers(users)), LIMIT)
            cursor.execute(f"execute {name}(%s, %s, false)", values)
            cursor.fetchall()
            seconds_taken.append(time.perf_counter() - started)
    engine.dispose()
    return seconds_taken


if __name__ == "__main__":
    main()
