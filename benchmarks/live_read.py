"""Lists computed online, and precomputed lists with reasons, through the API.

    python -m benchmarks.live_read [--seconds 5]

Computed online: one client, users with 50 ratings of which one is newer than the release, among
3,706 and 50,000 items with 32 factors; also the first list after a release, which loads the
factors. With reasons: one client reads each user's list for the first time, which computes the
reasons, and again. Then 16 connections read from one worker, alternating with lists without reasons
and with a bare handler: an app in its own process that returns the row of the same statement.
"""

import argparse
import os
from contextlib import ExitStack
from functools import partial
from http import HTTPStatus

import numpy as np
import pyarrow as pa
from fastapi import FastAPI, Response
from pydantic_core import to_json
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from benchmarks.api_read import running_api
from serving.api.process import use_single_cpu
from serving.lists import precomputed
from serving.publishing.publish import Candidate, publish
from serving.storage import database, keys
from tests.support.load.closed_loop import Answer, Request, drive, request
from tests.support.serving import shop
from tests.support.serving.server import as_role, create_database, temporary_server

SIZES = {"bench_small": (3706, 25.0), "bench_large": (50_000, 60.0)}  # items, target for p95 in ms
RANK, N_USERS, RATED, LENGTH, LIMIT, N_CLIENTS = 32, 400, 50, 100, 20, 16
TURNS = 4
P50_TARGET, P95_TARGET, SHARE_TARGET = 12.0, 30.0, 0.6  # ms, ms, share of the bare rate
BARE_APP = "benchmarks.live_read:bare_app"
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


def main() -> None:
    """Print p50 and p95 of each kind of list, and the ratio to the bare handler."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=5)
    seconds = parser.parse_args().seconds
    with temporary_server() as server, ExitStack() as running:
        owner = create_database(server.url("postgres"), "bench")
        api_keys = {name: prepare(owner, name, n_items) for name, (n_items, _) in SIZES.items()}
        url = running.enter_context(running_api(as_role(owner, "api")))
        for name, (n_items, target) in SIZES.items():
            live = partial(
                read_lists, url, api_keys[name], f"/v1/{name}/users/new-{{}}/recommendations?x="
            )
            print(f"{n_items} items: the first list after a release {1000 * live(0)[0]:.0f} ms")
            live(1)
            show(f"live, {n_items} items", live(seconds), target)
        os.environ["BENCH_DATASET"] = "bench_small"
        bare = running.enter_context(running_api(as_role(owner, "api"), BARE_APP))
        key = api_keys["bench_small"]
        lists = "/v1/bench_small/users/old-{}/recommendations?explain="
        reasons = f"{lists}true&x="
        for name in ("for the first time", "again"):
            durations = [read_lists(url, key, reasons.format(n), 0)[0] for n in range(N_USERS)]
            show(f"batch with reasons, {name}", durations, P95_TARGET)
        kinds = {
            f"batch with reasons, {N_CLIENTS} clients": (url, reasons),
            "  the bare handler": (bare, "/rows/old-{}?x="),
            "  without reasons": (url, f"{lists}false&x="),
        }
        seconds_by_kind: dict[str, list[float]] = {name: [] for name in kinds}
        for turn in range(1 + TURNS):
            for name, (base_url, path) in kinds.items():
                mark = b'",' if base_url == bare else b'"title"'  # it returns ids only
                durations = read_lists(
                    base_url, key, path, seconds / TURNS, N_CLIENTS, seed=turn, mark=mark
                )
                seconds_by_kind[name] += durations if turn else []  # the first turn warms up
        for name, durations in seconds_by_kind.items():
            show(name, durations, P95_TARGET)
        api, bare_handler, _ = seconds_by_kind.values()
        share = len(api) / len(bare_handler)
        verdict = "ok" if share >= SHARE_TARGET else "TOO SLOW"
        print(f"  {share:.0%} of the bare handler's requests per second", end=" ")
        print(f"(target {SHARE_TARGET:.0%}) {verdict}")
        for percent, target in ((50, P50_TARGET), (95, P95_TARGET)):
            api_ms, bare_ms = (1000 * np.percentile(s, percent) for s in (api, bare_handler))
            ratio = f"{api_ms / bare_ms:.2f} times the bare handler"
            print(f"  p{percent} {api_ms:.1f} ms (target {target:g}), {ratio}")


def prepare(owner: str, dataset: str, n_items: int) -> str:
    """Publish factors, users and lists, rate one item for half of the users; return a key."""
    database.migrate(owner, dataset)
    database.grant(owner, dataset)
    random = np.random.default_rng(1)
    ids = [str(n) for n in range(n_items)]
    factors = random.normal(0, 0.3, (n_items, RANK)).astype(np.float32)
    tables = {
        "recommendations": [_list(f"{kind}-{n}", random, n_items) for kind, n in _users()],
        "profiles": [_profile(f"{kind}-{n}", random, n_items) for kind, n in _users()],
        "item_factors": [
            {"item_id": i, "factors": row.tolist(), "popularity": 1.0, "trending": 0.0}
            for i, row in zip(ids, factors, strict=True)
        ],
        "fallback_lists": [{"segment": "", "item_ids": ids[:LENGTH], "scores": [1.0] * LENGTH}],
        "items": shop.items(**{i: f"The title of film {i}" for i in ids}),
    }
    batches = {name: pa.Table.from_pylist(rows).to_batches() for name, rows in tables.items()}
    fit = Candidate("fit", "first", "als", {}, CONSTANTS, shop.ABOUT, {})
    engine = database.connect(owner, dataset)
    publish(engine, fit, batches, actor="bench", reason="bench", instead_of=None)
    key = rated_and_keyed(engine)
    engine.dispose()
    return key


def rated_and_keyed(engine: Engine) -> str:
    """Rate one item for each of the users `new-…`; return a key that reads."""
    with Session(engine) as session, session.begin():
        session.execute(
            text(
                "insert into feedback (user_id, item_id, rating, rated_at)"
                " select 'new-' || n, '0', 9, now() from generate_series(0, :last) as n"
            ),
            {"last": N_USERS - 1},
        )
        key = keys.create(session, "bench", ["read"])
        session.execute(text("analyze feedback"))
    return key


def bare_app() -> FastAPI:
    """Return an app that returns the row of the statement and does nothing else."""
    use_single_cpu()
    url, dataset = os.environ["SERVING_DATABASE_URL"], os.environ["BENCH_DATASET"]
    engine = database.connect(url, dataset, autocommit=True, pool_size=8)
    app = FastAPI()

    @app.get("/rows/{user_id}")
    def rows(user_id: str) -> Response:
        with engine.connect() as connection:
            rows = precomputed.FOR_USER.execute(
                connection, user_id=user_id, limit=LIMIT, filtered=False
            )
            answer = [*rows.one()]
        return Response(to_json(answer), media_type="application/json")

    return app


def read_lists(
    url: str,
    key: str,
    path: str,
    seconds: float,
    connections: int = 1,
    *,
    seed: int = 0,
    mark: bytes = b'"title"',
) -> list[float]:
    """Return the duration of each request for a list, in seconds; each connection sends at least 1.

    Raises:
        RuntimeError: an answer has fewer than `LIMIT` marks.
    """
    random = np.random.default_rng(seed)
    host, _, port = url.removeprefix("http://").partition(":")
    headers = {"Authorization": f"Bearer {key}"}

    def next_request() -> Request:
        url = path.format(random.integers(N_USERS)) + f"&limit={LIMIT}"
        return request("list", "GET", url, headers)

    def check(answer: Answer) -> None:
        if answer.status != HTTPStatus.OK or answer.body.count(mark) < LIMIT:
            raise RuntimeError(f"status {answer.status}: {answer.body[:200]!r}")

    address = [(host, int(port))]
    answers = drive(address, next_request, connections=connections, seconds=seconds, check=check)
    return [answer.seconds for answer in answers]


def show(name: str, seconds: list[float], target: float) -> None:
    """Print a line: p50, p95, and whether p95 is below the target."""
    p50, p95 = 1000 * np.percentile(seconds, [50, 95])
    verdict = "ok" if p95 <= target else "TOO SLOW"
    print(f"{name:34} p50 {p50:7.2f} p95 {p95:7.2f} ms (target {target:g}) {verdict}", flush=True)


def _users() -> list[tuple[str, int]]:
    return [(kind, n) for kind in ("old", "new") for n in range(N_USERS)]


def _list(user_id: str, random: np.random.Generator, n_items: int) -> dict[str, object]:
    ids = [str(n) for n in random.choice(n_items, LENGTH, replace=False)]
    return {"user_id": user_id, "item_ids": ids, "scores": np.linspace(1, 0.1, LENGTH).tolist()}


def _profile(user_id: str, random: np.random.Generator, n_items: int) -> dict[str, object]:
    return {
        "user_id": user_id,
        "segment": "",
        "item_ids": [str(n) for n in 1 + random.choice(n_items - 1, RATED - 1, replace=False)],
        "ratings": random.integers(1, 11, RATED - 1).astype(float).tolist(),
        "rated_at": [shop.RATED_AT] * (RATED - 1),
    }


if __name__ == "__main__":
    main()
