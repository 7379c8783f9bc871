"""Events per second by batches through the API, by one client to one process.

    python -m benchmarks.events [--events 100000] [--batch 1000]

Postgres runs with fsync, so an answered batch is durable. The events are views, carts and purchases
of the manifest's kinds, and one rating in ten, of 20,000 users and 1,000 items, each with an id, a
time and a value. Afterwards each of them must be stored exactly once.
"""

import argparse
import json
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from http.client import HTTPConnection
from itertools import count
from typing import Any
from uuid import uuid4

import numpy as np

from benchmarks.api_read import running_api
from benchmarks.feedback_write import DATASET, N_ITEMS, prepare
from serving.storage import database
from tests.support.serving import shop
from tests.support.serving.server import as_role, create_database, temporary_server

N_USERS, TARGET = 20_000, 8000
KINDS = ("view", "view", "view", "view", "view", "view", "listen", "purchase", "purchase", "rate")
SINCE = datetime(2026, 1, 1, tzinfo=UTC)


def main() -> None:
    """Print events per second, and how many were lost or stored twice."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--batch", type=int, default=1000)
    options = parser.parse_args()
    with temporary_server({}) as server:
        owner = create_database(server.url("postgres"), DATASET)
        key = prepare(owner)
        with running_api(as_role(owner, "api"), log=subprocess.DEVNULL) as url:
            send(url, key, [*events(1000)], options.batch)  # warm up
            sent = [*events(options.events)]
            seconds = send(url, key, sent, options.batch)
        rate = len(sent) / sum(seconds)
        verdict = "ok" if rate >= TARGET else "TOO SLOW"
        print(f"  {len(sent):,} events by {options.batch:,}: {rate:,.0f} per second", end=" ")
        print(f"(target: {TARGET:,}) {verdict}")
        p50, p95 = (1000 * np.percentile(seconds, q) for q in (50, 95))
        print(f"  a batch takes {p50:.0f} ms, 95 % at most {p95:.0f} ms")
        compare(owner, {event["event_id"] for event in sent})


def send(url: str, key: str, sent: list[dict[str, Any]], size: int) -> list[float]:
    """Send the events one batch after another; return the seconds of each."""
    http = HTTPConnection(url.removeprefix("http://"), timeout=30)
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    seconds = []
    for batch in batches(sent, size):
        body = json.dumps({"events": batch})
        started = time.perf_counter()
        http.request("POST", f"/v1/{DATASET}/events", body, headers)
        answer = http.getresponse()
        content = answer.read()
        seconds.append(time.perf_counter() - started)
        if answer.status != HTTPStatus.OK or json.loads(content)["n_accepted"] != len(batch):
            raise RuntimeError(f"status {answer.status}: {content[:500]!r}")
    http.close()
    return seconds


def batches(sent: list[dict[str, Any]], size: int) -> Iterator[list[dict[str, Any]]]:
    """Yield the events in lists of this size."""
    for start in range(0, len(sent), size):
        yield sent[start : start + size]


def events(n: int) -> Iterator[dict[str, Any]]:
    """Yield random events with ids of their own."""
    random = np.random.default_rng(n)
    for number, (user, item, kind, value) in zip(
        count(), random.integers((N_USERS, N_ITEMS, len(KINDS), 10), size=(n, 4)), strict=False
    ):
        name = KINDS[kind]
        yield {
            "kind": name,
            "user_id": str(user),
            "item_id": str(item),
            "value": value / 10 if name == "listen" else int(value) + 1,
            "occurred_at": (SINCE + timedelta(seconds=number)).isoformat(),
            "event_id": str(uuid4()),
        }


def compare(owner: str, sent: set[str]) -> None:
    """Print how many of the events are missing, or unexpected."""
    engine = database.connect(owner, DATASET)
    stored = [row[0] for row in shop.rows(engine, "select idempotency_key from outbox")]
    engine.dispose()
    lost, repeated = len(sent - {*stored}), len(stored) - len({*stored})
    verdict = "ok" if not lost and not repeated else "FAILED"
    print(f"  {lost} lost, {repeated} stored twice {verdict}")


if __name__ == "__main__":
    main()
