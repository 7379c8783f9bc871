"""A few new events among many rewrite nothing; the next freeze adds them to the interactions."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from deltalake import DeltaTable

from jobs import freeze, refine
from jobs.refinement.silver import lag
from jobs.runtime import session
from tests.support.jobs import silver
from tests.support.jobs.product import NOW, collect, deliver, product
from tests.support.runs import under
from warehouse.append import append
from warehouse.creation import arrow_schema
from warehouse.delta import Warehouse
from warehouse.query import Lake
from warehouse.run_keys import RunKey
from warehouse.tables import (
    BRONZE_LANDINGS,
    BRONZE_RATINGS,
    SILVER_EVENTS,
    SILVER_INTERACTIONS,
    Table,
)

RATINGS = product(items=None, users=None)
N_OLD, N_NEW, N_USERS, N_ITEMS = 200_000, 1000, 1000, 500
LATER = 10_000_000  # seconds
Pair = tuple[str, str]


def land(warehouse: Warehouse, name: str, user: np.ndarray, item: np.ndarray, first: int) -> None:
    """Write ratings to bronze as `land` does; the n-th one occurred `n` seconds after the first."""
    n = len(user)
    columns = {
        "user_id": [f"u{x}" for x in user],
        "item_id": [f"i{x}" for x in item],
        "rating": [str(x % 5 + 1) for x in range(n)],
        "rated_at": [str(first + x) for x in range(n)],
        "source_line": range(1, n + 1),
        "landing_id": [name] * n, "source_file": [f"{name}.csv"] * n, "run_key": [name] * n,
    }  # fmt: skip
    schema = arrow_schema(BRONZE_RATINGS)
    arrays = [columns.get(field.name, [None] * n) for field in schema]
    rows = pa.table([pa.array(a, f.type) for a, f in zip(arrays, schema, strict=True)], schema)
    key = RunKey("dag", name, "land")
    append(warehouse.root, BRONZE_RATINGS, rows, run_key=key)
    landed = {"landing_id": name, "target": "ratings", "n_rows": n, "source_file": f"{name}.csv"}
    landed |= {"sha256": name, "run_key": name, "landed_at": NOW + timedelta(seconds=first)}
    append(warehouse.root, BRONZE_LANDINGS, [landed], run_key=key)


@contextmanager
def without_files(warehouse: Warehouse, table: Table) -> Iterator[None]:
    """Hide the table's data files, so that reading one of them fails."""
    paths = [Path(uri) for uri in DeltaTable(table.uri(warehouse.root)).file_uris()]
    for path in paths:
        path.rename(path.with_suffix(".hidden"))
    yield
    for path in paths:
        path.with_suffix(".hidden").rename(path)


def metrics(warehouse: Warehouse, table: Table, since: int) -> list[dict[str, str]]:
    """Return the metrics of the table's commits after the version."""
    delta = DeltaTable(table.uri(warehouse.root))
    commits = delta.history(delta.version() - since) if delta.version() > since else []
    return [commit.get("operationMetrics", {}) for commit in commits]


def total(metrics: Sequence[dict[str, str]], name: str) -> int:
    return sum(int(metric.get(name, 0)) for metric in metrics)


@pytest.mark.soak
def test_a_thousand_ratings_into_200_000_copy_no_rows_and_read_no_old_file(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw = np.random.default_rng(1)
    pairs = draw.permutation(N_USERS * N_ITEMS)[:N_OLD]
    user, item = np.divmod(pairs, N_ITEMS)
    land(warehouse, "old", user, item, first=0)
    refine.run(under(warehouse, "ingest/1/refine"), RATINGS, now=NOW)
    lake, tables = Lake(warehouse.root), (SILVER_EVENTS, SILVER_INTERACTIONS)
    before = {table: lake.version(table) for table in tables}
    of_old = pairs[: N_NEW // 2]  # one half was rated before
    of_any = draw.integers(0, N_USERS * N_ITEMS, N_NEW - len(of_old))
    new_user, new_item = np.divmod(np.concatenate([of_old, of_any]), N_ITEMS)
    land(warehouse, "new", new_user, new_item, first=LATER)

    with without_files(warehouse, SILVER_EVENTS):
        refine.run(under(warehouse, "ingest/2/refine"), RATINGS, now=NOW)

    [inserted] = metrics(warehouse, SILVER_EVENTS, before[SILVER_EVENTS])
    assert int(inserted["numTargetRowsInserted"]) == N_NEW
    assert int(inserted["numTargetRowsCopied"]) == 0
    of_pairs = metrics(warehouse, SILVER_INTERACTIONS, before[SILVER_INTERACTIONS])
    written = sum(total(of_pairs, name) for name in ("numTargetRowsCopied", "numOutputRows"))
    assert written < 0.1 * N_OLD
    assert lag.are_behind(lake)

    monkeypatch.setattr(session, "start", lambda _: warehouse.spark)
    freeze.run(warehouse.root, RATINGS, run_key=RunKey("retrain", "1", "freeze"))

    assert not lag.are_behind(lake)
    newest: dict[Pair, float] = {}
    for users, items in ((user, item), (new_user, new_item)):
        for n, (u, i) in enumerate(zip(users, items, strict=True)):
            newest[f"u{u}", f"i{i}"] = n % 5 + 1
    rows = lake.rows(SILVER_INTERACTIONS, columns=["user_id", "item_id", "rating"])
    assert {(row["user_id"], row["item_id"]): row["rating"] for row in rows} == newest


@pytest.mark.soak
def test_enough_new_events_are_added_at_once(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lag, "ALWAYS_DUE", 0)
    monkeypatch.setattr(lag, "DUE_SHARE", 0.5)
    for second, items in enumerate(["abc", "d", "ef"]):
        rows = [
            {"user_id": "u", "item_id": x, "rating": "4", "rated_at": str(second)} for x in items
        ]
        deliver(warehouse.root, BRONZE_RATINGS, items, *rows)
        refine.run(under(warehouse, f"ingest/{items}/refine"), RATINGS, now=NOW)
        n_pairs = Lake(warehouse.root).n_rows(SILVER_INTERACTIONS)
        assert n_pairs == {"abc": 3, "d": 3, "ef": 3}[items]  # 3 of 6 are not more than half

    collect(warehouse.root, "one-more", ("rate", "u", "g", 4.0, 9))
    refine.run(under(warehouse, "ingest/g/refine"), RATINGS, now=NOW)

    assert Lake(warehouse.root).n_rows(SILVER_INTERACTIONS) == 7


def test_interactions_of_an_earlier_version_are_complete_after_the_next_refinement(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lag, "ALWAYS_DUE", 0)
    silver.write(warehouse, RATINGS, [("u", "a", "rate", 4.0, 1), ("v", "a", "rate", 4.0, 1)])
    assert not lag.are_behind(Lake(warehouse.root))  # without a mark: written with the events

    collect(warehouse.root, "new", ("rate", "u", "b", 3.0, 9))
    refine.run(under(warehouse, "ingest/1/refine"), RATINGS, now=NOW)

    rows = Lake(warehouse.root).rows(SILVER_INTERACTIONS)
    assert {(row["user_id"], row["item_id"]) for row in rows} == {
        ("u", "a"), ("v", "a"), ("u", "b")
    }  # fmt: skip


def test_an_erasure_does_not_put_the_interactions_behind(warehouse: Warehouse) -> None:
    rows = [
        {"user_id": user, "item_id": "a", "rating": "4", "rated_at": "9"} for user in ("u", "v")
    ]
    deliver(warehouse.root, BRONZE_RATINGS, "file", *rows)
    refine.run(under(warehouse, "ingest/1/refine"), RATINGS, now=NOW)

    for table in (SILVER_EVENTS, SILVER_INTERACTIONS):
        DeltaTable(table.uri(warehouse.root)).delete("user_id = 'u'")

    assert not lag.are_behind(Lake(warehouse.root))
    assert Lake(warehouse.root).n_rows(SILVER_INTERACTIONS) == 1
