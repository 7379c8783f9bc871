"""Durations of the answers to an operator who inspects a user, an item for a user, and an item.

    python -m benchmarks.inspection [--times 30]

Two releases of 6,040 users with lists of 100 and 165 ratings each, of 3,706 items of 200 vendors
in three of 18 categories; slate rules of each kind; and for each of the inspected users 200 ratings
that are newer than the release. One client asks through the API, after one request that loads the
release.
"""

import argparse
import time
from collections.abc import Callable
from typing import Any

import httpx2
import numpy as np
from sqlalchemy import text

from benchmarks import roll_back
from serving.operator_client import OperatorClient
from serving.storage import database
from tests.support.serving import shop
from tests.support.serving.airflow_users import ADA, AirflowUsers
from tests.support.serving.api_server import UNCACHED, running_api
from tests.support.serving.rules import activate_rules
from tests.support.serving.server import as_role, create_database, temporary_server

Request = Callable[[str], object]  # takes an id
TARGET_SECONDS = 0.1
N_RATED, N_EVENTS = 165, 200
N_VENDORS, N_CATEGORIES = 200, 18
RULES: dict[str, Any] = {
    "hide": ["3", "5"],
    "pin": [{"item_id": "50", "rank": 3}],
    "boost": [{"category": "genre 1", "by": 0.1}],
    "most_per_category": 10,
    "most_per_vendor": 2,
    "diversity": 0.2,
}
_FEEDBACK = text(
    """
    insert into feedback (user_id, item_id, rating, rated_at)
    select user_id::text, item_id::text, item_id % 10 + 1, now()
    from generate_series(1, :n_users) as user_id, generate_series(1, :n_events) as item_id
    """
)
_OUTBOX = text(
    """
    insert into outbox
        (event_id, idempotency_key, kind, user_id, item_id, rating, occurred_at, sent_by)
    select user_id || '/' || item_id, user_id || '/' || item_id, 'rate', user_id, item_id, rating,
        rated_at, 'bench'
    from feedback
    """
)


def main() -> None:
    """Print the median and the 95th percentile of the durations of each answer."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--times", type=int, default=30)
    times = parser.parse_args().times
    with temporary_server() as server, AirflowUsers().served() as airflow:
        owner = create_database(server.url("postgres"), "bench")
        prepare(owner, times)
        settings = UNCACHED.model_copy(
            update={"airflow_url": airflow, "schema_check_seconds": 5, "operator_cache_seconds": 60}
        )
        with (
            running_api(as_role(owner, "api"), settings) as url,
            httpx2.Client(base_url=url, headers={"Authorization": f"Bearer {ADA}"}) as http,
        ):
            client = OperatorClient(http, roll_back.DATASET)
            client.inspect_item("1")  # loads the release
            measure(client, times)


def measure(client: OperatorClient, times: int) -> None:
    """Request each answer `times` times, each time about another user or item."""
    requests: dict[str, Request] = {
        "users whose ids begin with": client.find_users,
        "a user, list of 20": client.inspect_user,
        "a user, list of 100": lambda n: client.inspect_user(n, limit=100),
        "an item for a user": lambda n: client.inspect_item_for_user("7", n),
        "an item": client.inspect_item,
    }
    for name, request in requests.items():
        durations = []
        for n in range(times):
            begun = time.perf_counter()
            request(str(n))
            durations.append(time.perf_counter() - begun)
        p50, p95 = 1000 * np.percentile(durations, [50, 95])
        verdict = "ok" if p95 <= 1000 * TARGET_SECONDS else "TOO SLOW"
        print(f"{name:28} p50 {p50:6.1f} p95 {p95:6.1f} ms (target 100) {verdict}")


def prepare(owner: str, n_users: int) -> None:
    """Publish two releases, set rules, and write newer events of the first users."""
    roll_back.prepare(owner, tables)
    api = database.connect(as_role(owner, "api"), roll_back.DATASET)
    activate_rules(api, **RULES)
    with api.begin() as connection:
        connection.execute(_FEEDBACK, {"n_users": n_users, "n_events": N_EVENTS})
        connection.execute(_OUTBOX)
    api.dispose()


def tables(seed: int) -> roll_back.Tables:
    """Return the rows of `benchmarks.roll_back` with longer profiles, categories and vendors."""
    random = np.random.default_rng(seed)
    rows = roll_back.tables(seed)
    rows["items"] = [
        item
        | {
            "categories": [f"genre {n}" for n in sorted(random.permutation(N_CATEGORIES)[:3])],
            "vendor": f"vendor {random.integers(N_VENDORS)}",
        }
        for item in rows["items"]
    ]
    rows["profiles"] = [
        profile
        | {
            "item_ids": [str(n) for n in random.permutation(roll_back.N_ITEMS)[:N_RATED]],
            "ratings": random.integers(1, 11, N_RATED).astype(float).tolist(),
            "rated_at": [shop.RATED_AT] * N_RATED,
        }
        for profile in rows["profiles"]
    ]
    return rows


if __name__ == "__main__":
    main()
