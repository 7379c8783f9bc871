"""Duration of a list of 20 with all slate rules, compared with the same list without rules.

    python -m benchmarks.slate [--seconds 5]

3,706 items of 200 vendors, each in three of 18 categories; 400 users with 50 ratings and
precomputed lists. Reads with and without rules alternate, so both run under the same load of the
machine: one client, then 16, with reasons and without. The rules hide 50 items and 300 unavailable
ones, pin three, boost two categories, cap categories and vendors, and increase diversity. Before
that, the choice of 20 of 100 items and the read without HTTP are measured in this process, in CPU
time, which other processes hardly affect.
"""

import argparse
import time
from collections.abc import Callable
from functools import partial

import numpy as np
from sqlalchemy import Engine, text

from benchmarks.api_read import running_api
from benchmarks.live_read import LENGTH, LIMIT, N_CLIENTS, N_USERS, SIZES, prepare, read_lists
from serving.catalogue_changes import availability
from serving.items import ScoredItem
from serving.lists import recommendations
from serving.lists.precomputed import ListRequest
from serving.lists.releases.cache import ReleaseCache
from serving.rules import store
from serving.rules.slate import Slate, arranged
from serving.schemas import NewRules, SlateRules
from serving.storage import database
from tests.support.serving.server import as_role, create_database, temporary_server

DATASET, TURNS, N_WARM_UP, N_READS, ALONE_TARGET = "bench_small", 3, 50, 400, 1.0  # ms
CACHE = ReleaseCache()
UNAVAILABLE = tuple(str(n) for n in range(100, 400))
ALL_RULES = SlateRules.model_validate(
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
_SET_CATEGORIES = text(
    """
    update items set vendor = 'v' || (item_id::integer % 200), categories = array[
        'c' || item_id::integer % 18, 'c' || item_id::integer / 18 % 18,
        'c' || item_id::integer / 324 % 18]
    """
)


def main() -> None:
    """Print the durations with and without rules, and their ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=5)
    seconds = parser.parse_args().seconds
    with temporary_server() as server:
        owner = create_database(server.url("postgres"), "bench")
        key = prepare(owner, DATASET, SIZES[DATASET][0])
        engine = database.connect(owner, DATASET)
        with engine.begin() as connection:
            connection.execute(_SET_CATEGORIES)
            availability.set_availability(connection, UNAVAILABLE, available=False)
        choice_alone(engine)
        take_turns(engine, "in process, with reasons", partial(reads, as_role(owner, "api")))
        path = f"/v1/{DATASET}/users/old-{{}}/recommendations?explain={{}}&x="
        with running_api(as_role(owner, "api")) as url:
            for explain, name in (("true", "with reasons"), ("false", "without reasons")):
                target = (url, key, path.format("{}", explain), seconds)
                take_turns(engine, f"{name}, one client", partial(read_lists, *target))
                many = partial(read_lists, *target, N_CLIENTS)
                take_turns(engine, f"{name}, {N_CLIENTS} clients", many)
        engine.dispose()


def take_turns(engine: Engine, name: str, read: Callable[[], list[float]]) -> None:
    """Print p50 and p95 without rules and with them, and the ratios."""
    durations: dict[bool, list[float]] = {False: [], True: []}
    for _ in range(TURNS):
        for with_rules, seconds in durations.items():
            activate(engine, ALL_RULES if with_rules else SlateRules())
            seconds.extend(read())
    without, full = (1000 * np.percentile(s, [50, 95]) for s in durations.values())
    ratio = full / without
    print(
        f"{name:30} p50 {without[0]:6.2f} -> {full[0]:6.2f} ms, {ratio[0]:.2f} times;"
        f" p95 {without[1]:6.2f} -> {full[1]:6.2f} ms, {ratio[1]:.2f} times",
        flush=True,
    )


def activate(engine: Engine, rules: SlateRules) -> None:
    """Activate these rules."""
    with engine.begin() as connection:
        version = store.active(connection).version
        new = NewRules(rules=rules, instead_of=version, reason="bench")
        store.replace(connection, new, actor="bench")


def reads(url: str) -> list[float]:
    """Return the CPU seconds of reads in this process."""
    engine, durations = database.connect(url, DATASET, autocommit=True), []
    with engine.connect() as connection:
        for n in range(-N_WARM_UP, N_READS):
            started = time.thread_time()
            request = ListRequest(limit=LIMIT, explain=True)
            recommendations.for_user(connection, CACHE, f"old-{n % N_USERS}", request)
            durations.append(time.thread_time() - started)
    engine.dispose()
    return durations[N_WARM_UP:]


def choice_alone(engine: Engine) -> None:
    """Print the duration of choosing 20 of 100 items."""
    with engine.connect() as connection:
        release, _ = ReleaseCache().live(connection)
        slate = store.compiled(connection, ALL_RULES, None, lambda: release.columns)
    scores = np.linspace(1, 0.1, LENGTH).astype(np.float32)
    pool = release.scored(np.arange(500, 500 + LENGTH), scores)
    for name, rules in (("all rules", slate), ("no rules", Slate())):
        p50, p95 = 1000 * np.percentile(_choice_seconds(rules, pool), [50, 95])
        verdict = "ok" if p50 <= ALONE_TARGET else "TOO SLOW"
        print(f"{LIMIT} of {LENGTH}, {name:18} p50 {p50:6.3f} p95 {p95:6.3f} ms {verdict}")


def _choice_seconds(slate: Slate, pool: list[ScoredItem]) -> list[float]:
    durations = []
    for _ in range(2000):
        started = time.thread_time()
        arranged(slate, pool, slate.pinned, LIMIT)
        durations.append(time.thread_time() - started)
    return durations


if __name__ == "__main__":
    main()
