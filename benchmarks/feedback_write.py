"""Ratings per second: SQL alone and through the API; then 100 writers while Postgres restarts.

    python -m benchmarks.feedback_write [--seconds 10] [--minutes 1]

Postgres keeps its promises here (fsync on). Writers are processes of their own, each with one
connection kept open. In the last part Postgres is killed in the midst of it and started again;
writers repeat what was not acknowledged, with its key, and then every acknowledged event must be
there, once.
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
from tests.support.serving.server import as_role, create_database, temporary_server

DATASET = "bench"
N_ITEMS, N_WRITERS, N_MANY = 1000, 8, 100
SQL_BAR, API_BAR = 1000, 400
PROMISED = {"max_connections": "200"}


@dataclass(frozen=True)
class Asked:
    """Where one writer writes, until when."""

    url: str
    key: str
    seconds: float
    writer: int


def main() -> None:
    """Print the three parts."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--seconds", type=float, default=10)
    arguments.add_argument("--minutes", type=float, default=1)
    given = arguments.parse_args()
    with temporary_server(PROMISED) as server:
        owner = create_database(server.url("postgres"), DATASET)
        key = prepare(owner)
        api = as_role(owner, "api")
        report("SQL alone", per_second(sql_alone, Asked(api, key, given.seconds, 0)), SQL_BAR)
        with running_api(api, log=subprocess.DEVNULL) as url:  # a warning for each refusal
            through_api(Asked(url, key, 1, 0))  # warm
            found = per_second(through_api, Asked(url, key, given.seconds, 0))
            report("through the API", found, API_BAR)
            survive(server, owner, Asked(url, key, 60 * given.minutes, 0))


def report(name: str, found: float, bar: int) -> None:
    """Print one rate beside its bar."""
    verdict = "ok" if found >= bar else "TOO SLOW"
    print(f"  {name:16} {N_WRITERS} writers {found:8.0f} a second (bar: {bar}) {verdict}")


def prepare(owner: str) -> str:
    """Make a shop, and return a key that may write."""
    database.migrate(owner, DATASET)
    database.grant(owner, DATASET)
    engine = database.connect(owner, DATASET)
    items = shop.items(**shop.TITLES, **{str(n): f"Film {n}" for n in range(N_ITEMS)})
    shop.release(engine, "one", instead_of=None, items=items)
    with Session(engine) as session, session.begin():
        key = keys.create(session, "bench", ["read", "feedback"])
    engine.dispose()
    return key


def per_second(write: Callable[[Asked], int], asked: Asked) -> float:
    """Return the ratings per second of all writers together."""
    each = [replace(asked, writer=n) for n in range(N_WRITERS)]
    spawning = multiprocessing.get_context("spawn")
    together = spawning.Barrier(N_WRITERS)
    with spawning.Pool(N_WRITERS, together.wait) as writers:  # nobody writes while others import
        return float(sum(writers.map(write, each, chunksize=1))) / asked.seconds


def sql_alone(asked: Asked) -> int:
    """Return how many ratings one writer writes through `feedback.accept`."""
    engine = database.connect(asked.url, DATASET)
    n_written = 0
    for user, item, rating in ratings(asked):
        with engine.begin() as connection:
            event = Event("rate", user, item, rating, idempotency_key=str(uuid4()))
            feedback.accept(connection, event, sent_by="bench")
        n_written += 1
    engine.dispose()
    return n_written


def through_api(asked: Asked) -> int:
    """Return how many ratings one writer writes through the API."""
    http = HTTPConnection(asked.url.removeprefix("http://"), timeout=30)
    n_written = 0
    for user, item, rating in ratings(asked):
        status, body = put(http, asked.key, user, item, rating, str(uuid4()))
        if status != HTTPStatus.OK:
            raise RuntimeError(f"status {status}: {body!r}")
        n_written += 1
    http.close()
    return n_written


def survive(server: Server, owner: str, asked: Asked) -> None:
    """Let a hundred write while Postgres is killed and started again, and count what is there."""
    begun = time.monotonic()
    with ThreadPoolExecutor(N_MANY) as threads:
        writers = [threads.submit(stubborn, replace(asked, writer=n)) for n in range(N_MANY)]
        time.sleep(asked.seconds / 2)
        with restarted(server) as away:
            found = [writer.result() for writer in writers]
            took = time.monotonic() - begun
            engine = database.connect(owner, DATASET)
            stored = shop.rows(engine, "select event_id from outbox where user_id like 'many-%'")
            engine.dispose()
    acknowledged = Counter(event_id for ids, _ in found for event_id in ids)
    there = Counter(str(row[0]) for row in stored)
    lost, doubled = acknowledged - there, there - acknowledged
    print(f"  {N_MANY} writers, Postgres killed once and away {away:.1f} s:")
    print(f"    {acknowledged.total()} acknowledged, {acknowledged.total() / took:.0f} a second")
    print(f"    {sum(n for _, n in found)} refused and tried again")
    print(f"    {lost.total()} lost, {doubled.total()} twice or unasked", end=" ")
    print("ok" if not lost and not doubled else "NOT GOOD")


@contextmanager
def restarted(server: Server) -> Iterator[float]:
    """Kill the server, start it again, yield how long it was away, and stop it at the end."""
    begun = time.monotonic()
    kill = [str(postgres.binaries(server.home) / "pg_ctl"), "-s", "-D", str(server.data)]
    subprocess.run([*kill, "stop", "-m", "immediate"], check=True, **postgres.identity())  # type: ignore[call-overload] # noqa: S603
    process = postgres.start(server, timeout=60)
    try:
        yield time.monotonic() - begun
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=30)


def stubborn(asked: Asked) -> tuple[list[str], int]:
    """Return the ids of what one writer was told is written, and how often it was refused."""
    ids, n_refused = [], 0
    http = HTTPConnection(asked.url.removeprefix("http://"), timeout=30)
    for _, item, rating in ratings(asked):
        key, status = str(uuid4()), 0
        while status != HTTPStatus.OK:
            try:
                status, body = put(http, asked.key, f"many-{asked.writer}", item, rating, key)
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


def ratings(asked: Asked) -> Iterator[tuple[str, str, float]]:
    """Yield ratings until the writer's time is over."""
    random = np.random.default_rng(asked.writer)
    until = time.monotonic() + asked.seconds
    while time.monotonic() < until:
        user, item, rating = random.integers((6040, N_ITEMS, 10))
        yield str(user), str(item), float(1 + rating)


def put(  # noqa: PLR0917 # what a request has
    http: HTTPConnection, key: str, user: str, item: str, rating: float, intent: str
) -> tuple[int, bytes]:
    """Return the status and the body of one rating's answer."""
    headers = {
        "Authorization": f"Bearer {key}",
        "Idempotency-Key": intent,
        "Content-Type": "application/json",
    }
    body = json.dumps({"rating": rating})
    http.request("PUT", f"/v1/{DATASET}/users/{user}/ratings/{item}", body, headers)
    answer = http.getresponse()
    return answer.status, answer.read()


if __name__ == "__main__":
    main()
