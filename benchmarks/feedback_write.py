"""Ratings per second: SQL alone and through the API; then 100 writers while Postgres restarts.

    python -m benchmarks.feedback_write [--seconds 10] [--minutes 1]

Postgres runs with fsync. Each writer is a process with one open connection. In the last part
Postgres is killed during the writes and restarted. Writers retry each unacknowledged event with its
idempotency key; afterwards every acknowledged event must be stored exactly once.
"""

import argparse
import json
import multiprocessing
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from uuid import uuid4

import numpy as np
from sqlalchemy.orm import Session

from benchmarks.api_read import running_api
from ops.machine import postgres
from ops.machine.postgres import Server
from serving.storage import database, keys
from serving.users import feedback
from serving.users.feedback import Event
from tests.support.serving import shop
from tests.support.serving.server import (
    as_role,
    create_database,
    start_server,
    temporary_server,
)

DATASET = "bench"
N_ITEMS, N_WRITERS, N_WRITERS_AT_KILL = 1000, 8, 100
SQL_TARGET, API_TARGET = 1000, 400
SERVER_SETTINGS = {"max_connections": "200"}


@dataclass(frozen=True)
class WriterTask:
    """Where one writer writes, and for how long."""

    url: str
    key: str
    seconds: float
    writer: int


def main() -> None:
    """Print the results of the three parts."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--minutes", type=float, default=1)
    options = parser.parse_args()
    with temporary_server(SERVER_SETTINGS) as server:
        owner = create_database(server.url("postgres"), DATASET)
        key = prepare(owner)
        api = as_role(owner, "api")
        report(
            "SQL alone", per_second(sql_alone, WriterTask(api, key, options.seconds, 0)), SQL_TARGET
        )
        with running_api(api, log=subprocess.DEVNULL) as url:  # it logs each refusal
            through_api(WriterTask(url, key, 1, 0))  # warm up
            rate = per_second(through_api, WriterTask(url, key, options.seconds, 0))
            report("through the API", rate, API_TARGET)
            survive(server, owner, WriterTask(url, key, 60 * options.minutes, 0))


def report(name: str, rate: float, target: int) -> None:
    """Print a rate and whether it reaches the target."""
    verdict = "ok" if rate >= target else "TOO SLOW"
    print(f"  {name:16} {N_WRITERS} writers {rate:8.0f} per second (target: {target}) {verdict}")


def prepare(owner: str) -> str:
    """Publish a release and return a key with the scope `feedback`."""
    database.migrate(owner, DATASET)
    database.grant(owner, DATASET)
    engine = database.connect(owner, DATASET)
    items = shop.items(**shop.TITLES, **{str(n): f"Film {n}" for n in range(N_ITEMS)})
    shop.release(engine, "one", instead_of=None, items=items)
    with Session(engine) as session, session.begin():
        key = keys.create(session, "bench", ["read", "feedback"])
    engine.dispose()
    return key


def per_second(write: Callable[[WriterTask], int], task: WriterTask) -> float:
    """Return the ratings per second of all writers together."""
    tasks = [replace(task, writer=n) for n in range(N_WRITERS)]
    spawning = multiprocessing.get_context("spawn")
    barrier = spawning.Barrier(N_WRITERS)
    with spawning.Pool(N_WRITERS, barrier.wait) as writers:  # start together, after the imports
        return float(sum(writers.map(write, tasks, chunksize=1))) / task.seconds


def sql_alone(task: WriterTask) -> int:
    """Return the number of ratings that one writer writes with `feedback.accept`."""
    engine = database.connect(task.url, DATASET)
    n_written = 0
    for user, item, rating in ratings(task):
        with engine.begin() as connection:
            event = Event("rate", user, item, rating, idempotency_key=str(uuid4()))
            feedback.accept(connection, event, sent_by="bench")
        n_written += 1
    engine.dispose()
    return n_written


def through_api(task: WriterTask) -> int:
    """Return the number of ratings that one writer writes through the API."""
    http = HTTPConnection(task.url.removeprefix("http://"), timeout=30)
    n_written = 0
    for user, item, rating in ratings(task):
        status, body = put(http, task.key, user, item, rating, str(uuid4()))
        if status != HTTPStatus.OK:
            raise RuntimeError(f"status {status}: {body!r}")
        n_written += 1
    http.close()
    return n_written


def survive(server: Server, owner: str, task: WriterTask) -> None:
    """Run 100 writers while Postgres is killed and restarted; print lost and repeated events."""
    started = time.monotonic()
    with ThreadPoolExecutor(N_WRITERS_AT_KILL) as threads:
        writers = [
            threads.submit(write_with_retries, replace(task, writer=n))
            for n in range(N_WRITERS_AT_KILL)
        ]
        time.sleep(task.seconds / 2)
        with restarted(server) as downtime:
            results = [writer.result() for writer in writers]
            seconds = time.monotonic() - started
            engine = database.connect(owner, DATASET)
            rows = shop.rows(engine, "select event_id from outbox where user_id like 'many-%'")
            engine.dispose()
    acknowledged = Counter(event_id for ids, _ in results for event_id in ids)
    stored = Counter(str(row[0]) for row in rows)
    lost, repeated = acknowledged - stored, stored - acknowledged
    print(f"  {N_WRITERS_AT_KILL} writers, Postgres killed once, down for {downtime:.1f} s:")
    print(
        f"    {acknowledged.total()} acknowledged, {acknowledged.total() / seconds:.0f} per second"
    )
    print(f"    {sum(n for _, n in results)} refused and retried")
    print(f"    {lost.total()} lost, {repeated.total()} stored twice or unexpected", end=" ")
    print("ok" if not lost and not repeated else "FAILED")


@contextmanager
def restarted(server: Server) -> Iterator[float]:
    """Kill the server and restart it; yield the downtime in seconds. Stop it at the end."""
    started = time.monotonic()
    kill = [str(postgres.binaries(server.home) / "pg_ctl"), "-s", "-D", str(server.data)]
    subprocess.run([*kill, "stop", "-m", "immediate"], check=True, **postgres.identity())  # type: ignore[call-overload] # noqa: S603
    process = start_server(server, timeout=60)
    try:
        yield time.monotonic() - started
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=30)


def write_with_retries(task: WriterTask) -> tuple[list[str], int]:
    """Return the ids of one writer's acknowledged events, and the number of refusals."""
    ids, n_refused = [], 0
    http = HTTPConnection(task.url.removeprefix("http://"), timeout=30)
    for _, item, rating in ratings(task):
        key, status = str(uuid4()), 0
        while status != HTTPStatus.OK:
            try:
                status, body = put(http, task.key, f"many-{task.writer}", item, rating, key)
            except (OSError, HTTPException):
                http.close()
                continue
            if status == HTTPStatus.OK:
                ids.append(str(json.loads(body)["event_id"]))
            elif status == HTTPStatus.SERVICE_UNAVAILABLE:
                n_refused += 1
                time.sleep(0.2)
            else:
                raise RuntimeError(f"status {status}: {body!r}")
    http.close()
    return ids, n_refused


def ratings(task: WriterTask) -> Iterator[tuple[str, str, float]]:
    """Yield random ratings until the writer's time is over."""
    random = np.random.default_rng(task.writer)
    deadline = time.monotonic() + task.seconds
    while time.monotonic() < deadline:
        user, item, rating = random.integers((6040, N_ITEMS, 10))
        yield str(user), str(item), float(1 + rating)


def put(  # noqa: PLR0917 # the parts of a request
    http: HTTPConnection, key: str, user: str, item: str, rating: float, event_key: str
) -> tuple[int, bytes]:
    """Send one rating; return the status and body of the answer."""
    headers = {
        "Authorization": f"Bearer {key}",
        "Idempotency-Key": event_key,
        "Content-Type": "application/json",
    }
    body = json.dumps({"rating": rating})
    http.request("PUT", f"/v1/{DATASET}/users/{user}/ratings/{item}", body, headers)
    answer = http.getresponse()
    return answer.status, answer.read()


if __name__ == "__main__":
    main()
