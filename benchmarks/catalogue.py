"""Items per second in batches through the API, and how soon a new item is found by search.

    python -m benchmarks.catalogue [--items 100000]

Postgres runs with fsync, and the API is one process. A second process answers the searches of each
new item until it is found: it has not written the item, so its caches have to notice the change.
Its first list comes after all batches, so for it the process reads all items at once.
"""

import argparse
import subprocess
import time
from collections.abc import Iterator, Sequence
from itertools import islice

import httpx2
from sqlalchemy.orm import Session

from benchmarks.api_read import running_api
from serving.client import Client
from serving.schemas import ItemChange, ItemContent
from serving.storage import database, keys
from tests.support.serving import shop
from tests.support.serving.server import as_role, create_database, temporary_server

DATASET = "bench"
BATCH, N_NEW = 1000, 20
SECONDS_TARGET, VISIBLE_TARGET = 60.0, 1.0
CATEGORIES = [f"Category {n}" for n in range(200)]


def main() -> None:
    """Print both results."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--items", type=int, default=100_000)
    options = parser.parse_args()
    with temporary_server({}) as server:
        owner = create_database(server.url("postgres"), DATASET)
        key, api = prepare(owner), as_role(owner, "api")
        with (
            running_api(api, log=subprocess.DEVNULL) as url,
            running_api(api, log=subprocess.DEVNULL) as other_url,
        ):
            writer, reader = client(url, key), client(other_url, key)
            seconds = write(writer, options.items)
            report(f"{options.items:,} items in batches of {BATCH:,}", seconds, SECONDS_TARGET)
            print(f"  {'the first list of the other process':50} {first_list(reader):8.3f} s")
            waits = [until_visible(writer, reader, n) for n in range(N_NEW)]
            report("a new item in search and by vendor, slowest of 20", max(waits), VISIBLE_TARGET)


def report(name: str, seconds: float, target: float) -> None:
    """Print a duration and whether it reaches the target."""
    verdict = "ok" if seconds <= target else "TOO SLOW"
    print(f"  {name:50} {seconds:8.3f} s (target: {target:g}) {verdict}")


def prepare(owner: str) -> str:
    """Publish a release and return a key with the scopes `read` and `catalogue`."""
    database.migrate(owner, DATASET)
    database.grant(owner, DATASET)
    engine = database.connect(owner, DATASET)
    shop.release(engine, "one", instead_of=None)
    with Session(engine) as session, session.begin():
        key = keys.create(session, "bench", ["read", "catalogue"])
    engine.dispose()
    return key


def client(url: str, key: str) -> Client:
    """Return a client that keeps one connection open."""
    headers = {"Authorization": f"Bearer {key}"}
    return Client(httpx2.Client(base_url=url, headers=headers, timeout=60), DATASET)


def items(n_items: int) -> Iterator[ItemChange]:
    """Yield items with two categories, a vendor and attributes."""
    for n in range(n_items):
        yield ItemChange(
            item_id=f"item {n}",
            title=f"Product number {n} of the maker {n % 997}",
            categories=(CATEGORIES[n % 200], CATEGORIES[n * 7 % 200]),
            vendor=f"Maker {n % 997}",
            released=1990 + n % 36,
            attributes={"price": n % 500 + 0.99, "brand": f"Brand {n % 97}", "tags": ("new",)},
        )


def write(writer: Client, n_items: int) -> float:
    """Return how many seconds all batches take, one after another."""
    started = time.monotonic()
    changes = items(n_items)
    while batch := [*islice(changes, BATCH)]:
        outcomes = writer.change_items(batch)
        if outcomes.n_refused:
            raise RuntimeError(f"refused: {outcomes.items}")
    return time.monotonic() - started


def first_list(reader: Client) -> float:
    """Return the seconds in which a process answers its first list."""
    started = time.monotonic()
    if not found(reader.of_vendor("Maker 1").items):
        raise RuntimeError("the vendor has no item")
    return time.monotonic() - started


def until_visible(writer: Client, reader: Client, number: int) -> float:
    """Return the seconds from a new item's request until the other process shows it."""
    word = f"novelty{number}"
    started = time.monotonic()
    writer.put_item(f"new {number}", ItemContent(title=f"A {word}", vendor=word))
    while not (found(reader.items(q=word).items) and found(reader.of_vendor(word).items)):
        if time.monotonic() - started > 10 * VISIBLE_TARGET:
            raise TimeoutError(f"{word} is not shown")
    return time.monotonic() - started


def found(shown: Sequence[object]) -> bool:
    """Return whether anything is shown."""
    return len(shown) > 0


if __name__ == "__main__":
    main()
