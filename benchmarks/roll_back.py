"""The time from an operator's click to the API serving the other release.

    python -m benchmarks.roll_back [--times 20]

Two releases of 6,040 users and 3,706 items. An operator rolls back and makes the newer release live
again, in turn, through the API. A product reads a list all the time; the time ends when its list is
of the other release. The first list of a release loads its factors.
"""

import argparse
import time
from collections.abc import Callable
from dataclasses import replace
from threading import Event, Thread

import httpx2
import numpy as np
import pyarrow as pa
from sqlalchemy.orm import Session

from serving.client import Client
from serving.operator_client import OperatorClient
from serving.publishing.publish import Candidate, publish
from serving.storage import database, keys
from tests.support.serving import shop
from tests.support.serving.airflow_users import ADA, AirflowUsers
from tests.support.serving.api_server import UNCACHED, running_api
from tests.support.serving.server import as_role, create_database, temporary_server

DATASET, N_USERS, N_ITEMS, RANK, LENGTH = "bench", 6040, 3706, 32, 100
TARGET_SECONDS = 1.0
Tables = dict[str, list[dict[str, object]]]
CONSTANTS = {
    "relevant_from": 7.0,
    "weighting": "centred",
    "p": 0.75,
    "shrinkage": 10.0,
    "epsilon": 1e-6,
    "global_mean": 5.5,
    "reg": 0.5,
    "alpha": 2.0,
}


class Reader(Thread):
    """Reads one list all the time, and notes when its release changes."""

    def __init__(self, client: Client) -> None:
        super().__init__(daemon=True)
        self._client = client
        self._ended = Event()
        self.release_id = client.recommendations("1").release_id
        self.changed_at = time.perf_counter()

    def run(self) -> None:
        """Read until `end`."""
        while not self._ended.is_set():
            release_id = self._client.recommendations("1").release_id
            if release_id != self.release_id:
                self.changed_at = time.perf_counter()
                self.release_id = release_id

    def end(self) -> None:
        """Stop reading."""
        self._ended.set()
        self.join()


def main() -> None:
    """Print the median and the longest time of the acts."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--times", type=int, default=20)
    times = parser.parse_args().times
    with temporary_server() as server, AirflowUsers().served() as airflow:
        owner = create_database(server.url("postgres"), "bench")
        key = prepare(owner)
        settings = UNCACHED.model_copy(update={"airflow_url": airflow, "schema_check_seconds": 5})
        with (
            running_api(as_role(owner, "api"), settings) as url,
            httpx2.Client(base_url=url, headers={"Authorization": f"Bearer {ADA}"}) as http,
            httpx2.Client(base_url=url, headers={"Authorization": f"Bearer {key}"}) as product,
        ):
            measure(OperatorClient(http, DATASET), Reader(Client(product, DATASET)), times)


def measure(operator: OperatorClient, reader: Reader, times: int) -> None:
    """Change the live release `times` times, and print the durations."""
    reader.start()
    answered, served = [], []
    newest = reader.release_id
    for _ in range(times):
        before = reader.release_id
        begun = time.perf_counter()
        if before == newest:
            operator.roll_back(instead_of=before, reason="a measurement")
        else:
            operator.activate(newest, instead_of=before, reason="a measurement")
        answered.append(time.perf_counter() - begun)
        while reader.release_id == before:
            time.sleep(0.0005)
        served.append(reader.changed_at - begun)
    reader.end()
    for name, seconds in (("the API answers", answered), ("the other list is served", served)):
        p50, longest = 1000 * np.median(seconds), 1000 * max(seconds)
        verdict = "ok" if longest <= 1000 * TARGET_SECONDS else "TOO SLOW"
        print(f"{name:28} p50 {p50:6.1f} longest {longest:6.1f} ms (target 1000) {verdict}")


def prepare(owner: str, rows_of: Callable[[int], Tables] | None = None) -> str:
    """Publish two releases, by default with the rows of `tables`; return a key of a product."""
    database.migrate(owner, DATASET)
    database.grant(owner, DATASET)
    engine = database.connect(owner, DATASET)
    live = None
    fit = Candidate("one", "first", "als", {}, CONSTANTS, shop.ABOUT, {})
    for seed, retrain_id in enumerate(("one", "two")):
        batches = {
            name: pa.Table.from_pylist(rows).to_batches()
            for name, rows in (rows_of or tables)(seed).items()
        }
        candidate = replace(fit, retrain_id=retrain_id)
        live = publish(engine, candidate, batches, actor="x", reason="x", instead_of=live)
    with Session(engine) as session, session.begin():
        key = keys.create(session, "bench", ["read"])
    engine.dispose()
    return key


def tables(seed: int) -> Tables:
    """Return the rows of a release."""
    random = np.random.default_rng(seed)
    ids = [str(n) for n in range(N_ITEMS)]
    factors = random.normal(0, 0.3, (N_ITEMS, RANK)).astype(np.float32)
    scores = np.linspace(1, 0.1, LENGTH).tolist()
    return {
        "recommendations": [
            {
                "user_id": str(user),
                "item_ids": [str(n) for n in random.permutation(N_ITEMS)[:LENGTH]],
                "scores": scores,
            }
            for user in range(N_USERS)
        ],
        "profiles": shop.profiles(**{str(user): "12345" for user in range(N_USERS)}),
        "item_factors": [
            {"item_id": i, "factors": row.tolist(), "popularity": 1.0, "trending": 0.0}
            for i, row in zip(ids, factors, strict=True)
        ],
        "fallback_lists": [{"segment": "", "item_ids": ids[:LENGTH], "scores": scores}],
        "items": shop.items(**{i: f"The title of film {i}" for i in ids}),
    }


if __name__ == "__main__":
    main()
