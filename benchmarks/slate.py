"""A list of 20 under full slate rules, against the same list without any, in one run.

    python -m benchmarks.slate [--seconds 5]

3,706 items of 200 vendors, each in three of 18 categories; 400 users with 50 ratings and
precomputed lists. Reads with and without rules take turns, so both see the same load of the
machine: first one client, then 16, with reasons and without. The full rules hide 50 items, 300 are
out of stock, three are pinned, two categories boosted, categories and vendors capped, and diversity
is asked for. Before that, in this process and in CPU time, which other processes hardly affect: the
choice of 20 of 100 alone, and the read without HTTP.
"""

import argparse
import time
from collections.abc import Callable
from functools import partial

import numpy as np
from sqlalchemy import Engine, text

from benchmarks.api_read import running_api
from benchmarks.live_read import LENGTH, LIMIT, N_CLIENTS, N_USERS, SIZES, ask, prepare
from serving.items import ScoredItem
from serving.lists import recommendations
from serving.lists.precomputed import ListRequest
from serving.lists.release_cache import ReleaseCache
from serving.rules import store
from serving.rules.slate import Slate, arranged
from serving.schemas import NewRules, SlateRules
from serving.storage import database
from tests.support.serving.server import as_role, create_database, temporary_server

DATASET, TURNS, N_WARM, N_READS, ALONE_BAR = "bench_small", 3, 50, 400, 1.0  # ms
CACHE = ReleaseCache()
GONE = tuple(str(n) for n in range(100, 400))
FULL = SlateRules.model_validate(
    {
        "hide": [str(n) for n in range(50)],
        "pin": [{"item_id": str(1000 + n), "rank": rank} for n, rank in enumerate((1, 5, 12))],
        "boost": [{"category": "c1", "by": 0.1}, {"category": "c2", "by": -0.2}],
        "most_per_category": 4,
        "most_per_vendor": 2,
        "only_available": True,
        "diversity": 0.2,
    }
)
_SHELVED = text(
    """
    update items set vendor = 'v' || (item_id::integer % 200), categories = array[
        'c' || item_id::integer % 18, 'c' || item_id::integer / 18 % 18,
        'c' || item_id::integer / 324 % 18]
    """
)


def main() -> None:
    """Print the durations with and without rules, and their ratios."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--seconds", type=float, default=5)
    seconds = arguments.parse_args().seconds
    with temporary_server() as server:
        owner = create_database(server.url("postgres"), "bench")
        key = prepare(owner, DATASET, SIZES[DATASET][0])
        engine = database.connect(owner, DATASET)
        with engine.begin() as connection:
            connection.execute(_SHELVED)
            store.set_availability(connection, GONE, available=False)
        alone(engine)
        take_turns(engine, "in process, with reasons", partial(reads, as_role(owner, "api")))
        path = f"/v1/{DATASET}/users/old-{{}}/recommendations?explain={{}}&x="
        with running_api(as_role(owner, "api")) as url:
            for explain, name in (("true", "with reasons"), ("false", "without reasons")):
                target = (url, key, path.format("{}", explain), seconds)
                take_turns(engine, f"{name}, one client", partial(ask, *target))
                many = partial(ask, *target, N_CLIENTS)
                take_turns(engine, f"{name}, {N_CLIENTS} clients", many)
        engine.dispose()


def take_turns(engine: Engine, name: str, ask: Callable[[], list[float]]) -> None:
    """Print p50 and p95 without rules and with them, and the ratios."""
    took: dict[bool, list[float]] = {False: [], True: []}
    for _ in range(TURNS):
        for ruled, seconds in took.items():
            put_in_force(engine, FULL if ruled else SlateRules())
            seconds.extend(ask())
    none, full = (1000 * np.percentile(seconds, [50, 95]) for seconds in took.values())
    ratio = full / none
    print(
        f"{name:30} p50 {none[0]:6.2f} -> {full[0]:6.2f} ms, {ratio[0]:.2f} times;"
        f" p95 {none[1]:6.2f} -> {full[1]:6.2f} ms, {ratio[1]:.2f} times",
        flush=True,
    )


def put_in_force(engine: Engine, rules: SlateRules) -> None:
    """Put these rules in force."""
    with engine.begin() as connection:
        now = store.live(connection).version
        new = NewRules(rules=rules, instead_of=now, reason="a benchmark")
        store.replace(connection, new, actor="bench")


def reads(url: str) -> list[float]:
    """Return the CPU seconds of reads in this process."""
    engine, took = database.connect(url, DATASET, autocommit=True), []
    with engine.connect() as connection:
        for n in range(-N_WARM, N_READS):
            started = time.thread_time()
            user_id, wanted = f"old-{n % N_USERS}", ListRequest(limit=LIMIT, explain=True)
            recommendations.for_user(connection, CACHE, user_id, wanted)
            took.append(time.thread_time() - started)
    engine.dispose()
    return took[N_WARM:]


def alone(engine: Engine) -> None:
    """Print the duration of choosing 20 of 100 items."""
    with engine.connect() as connection:
        release, _ = ReleaseCache().live(connection)
        slate = store.compiled(connection, FULL)
    scores = np.linspace(1, 0.1, LENGTH).astype(np.float32)
    pool = release.scored(np.arange(500, 500 + LENGTH), scores)
    for name, given in (("full rules", slate), ("no rules", Slate())):
        took = 1000 * np.percentile(_timed(given, pool), [50, 95])
        verdict = "ok" if took[0] <= ALONE_BAR else "TOO SLOW"
        print(f"{LIMIT} of {LENGTH}, {name:18} p50 {took[0]:6.3f} p95 {took[1]:6.3f} ms {verdict}")


def _timed(slate: Slate, pool: list[ScoredItem]) -> list[float]:
    took = []
    for _ in range(2000):
        started = time.thread_time()
        arranged(slate, pool, slate.pinned, LIMIT)
        took.append(time.thread_time() - started)
    return took


if __name__ == "__main__":
    main()
