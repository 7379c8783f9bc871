"""Retrains on events without a scale, and without any event that counts."""

import json
from collections import defaultdict
from pathlib import Path

import pytest
from pyspark.sql import SparkSession
from sqlalchemy import Engine

from jobs.engine.errors import NothingToLearnError
from jobs.runtime.errors import UnknownItemsError
from serving.lists import together
from serving.lists.releases.cache import ReleaseCache
from tests.support.jobs import silver
from tests.support.jobs.pairs import expected_pairs
from tests.support.jobs.product import product, shop
from tests.support.jobs.silver import Event
from tests.support.jobs.small_world import Retrain
from tests.support.serving.shop import reading
from warehouse.datasets import Dataset
from warehouse.delta import Warehouse
from warehouse.query import Lake
from warehouse.run_keys import RunKey
from warehouse.tables import (
    GOLD_FITS,
    GOLD_PROFILES,
    GOLD_RECOMMENDATIONS,
    GOLD_TAKEN_TOGETHER,
    GOLD_VERDICTS,
)

SMALL = json.dumps(
    {
        "kind": "als",
        "rank": 2,
        "iterations": 4,
        "weighting": {"kind": "events", "weights": [["buy", 5], ["view", 1]]},
    }
)
FILES = [{"file": "events*.csv", "kind_column": "kind"}]
TIMELESS = [FILES[0] | {"time": False}]
N_USERS, N_ITEMS = 60, 20


def retrain(
    spark: SparkSession,
    engine: Engine,
    root: Path,
    dataset: Dataset,
    events: list[Event],
    *,
    titled: list[str] | None = None,
) -> Retrain:
    """Return a retrain of the events, not yet run."""
    key = RunKey("product__ingest", "one", "refine")
    warehouse = Warehouse(spark, str(root), run_key=key)
    silver.write(warehouse, dataset, events, titled=titled)
    return Retrain(warehouse, engine, dataset)


def rows(retrained: Retrain, table: object) -> list[dict[str, object]]:
    equals = {"retrain_id": retrained.run}
    return Lake(retrained.warehouse.root).rows(table, equals=equals)  # type: ignore[arg-type] # a Table


def two_tastes() -> list[Event]:
    """Even users buy and view even items and view an odd one, odd users the other way round."""
    return [
        (f"u{user:02d}", f"i{item:02d}", kind, None, user + item)
        for user in range(N_USERS)
        for item in range(N_ITEMS)
        if (kind := action(user, item)) is not None
    ]


def action(user: int, item: int) -> str | None:
    if (user + item) % 2:
        return "view" if item == (user * 7 + 1) % N_ITEMS else None
    if (user * 3 + item) % 5 == 0:
        return None
    return "view" if (user + item) % 3 == 0 else "buy"


def test_a_shop_without_times_learns_what_its_users_buy(
    spark: SparkSession, publisher: Engine, tmp_path: Path
) -> None:
    dataset = shop(events=TIMELESS, floors={"min_test_users": 20, "min_coverage": 0})
    shopped = retrain(spark, publisher, tmp_path, dataset, two_tastes())

    shopped.freeze()
    shopped.nominate(SMALL)
    shopped.search()
    shopped.evaluate()
    assert shopped.decide()
    shopped.fit()

    [verdict] = rows(shopped, GOLD_VERDICTS)
    assert str(verdict["recipe"]).startswith("als_events_r2")
    assert "split at random (`windows.without_time`): " in str(verdict["reason"])
    [fit] = rows(shopped, GOLD_FITS)
    constants = json.loads(str(fit["constants"]))
    assert (constants["weighting"], constants["threshold"]) == ("events", None)
    assert constants["kind_weights"] == {"buy": 5, "view": 1}
    assert 0 < constants["unit"] < 5  # the mean strength of a view and a purchase
    assert constants["has_scale"] is False
    lists = {row["user_id"]: row["item_ids"] for row in rows(shopped, GOLD_RECOMMENDATIONS)}
    bought = {(user, item) for user, item, kind, *_ in two_tastes() if kind == "buy"}
    assert len(lists) == N_USERS
    for user, item_ids in lists.items():
        assert isinstance(item_ids, list)
        assert not {(user, item) for item in item_ids} & bought
        n_own = sum(1 for item in item_ids[:2] if (int(item[1:]) + int(str(user)[1:])) % 2 == 0)
        assert n_own >= 1
    profile = next(row for row in rows(shopped, GOLD_PROFILES) if row["user_id"] == "u00")
    ratings = dict(zip(profile["item_ids"], profile["ratings"], strict=True))  # type: ignore[call-overload] # lists
    assert ratings == {
        item: float(kind == "buy") for user, item, kind, *_ in two_tastes() if user == "u00"
    }
    acts = zip(*(profile[name] for name in ("acted_ids", "acted_kinds", "amounts")), strict=True)
    assert sorted(acts) == sorted(
        (item, kind, 1.0) for user, item, kind, *_ in two_tastes() if user == "u00"
    )
    _assert_bought_together(shopped, bought)


def _assert_bought_together(shopped: Retrain, bought: set[tuple[str, str]]) -> None:
    """Check the pairs in the lake against a plain count, and that the release has them.

    Without times, all that a user bought is one basket.
    """
    baskets = defaultdict(set)
    for user, item in bought:
        baskets[user].add(int(item[1:]))
    expected = expected_pairs(baskets.values(), N_ITEMS)
    table = rows(shopped, GOLD_TAKEN_TOGETHER)
    assert {
        row["item_id"]: [*zip(row["item_ids"], row["n_baskets"], strict=True)]  # type: ignore[call-overload] # lists
        for row in table
    } == {
        f"i{item:02d}": [(f"i{other:02d}", n) for _, other, n in of_item]
        for item, of_item in expected.items()
    }
    assert len(expected) == N_ITEMS

    shopped.publish()

    with reading(shopped.engine) as connection:
        answer = together.with_item(connection, ReleaseCache(), "i02", limit=2)
    assert [item.item_id for item in answer.items] == [f"i{i:02d}" for _, i, _ in expected[2][:2]]
    assert answer.items[0].score == pytest.approx(expected[2][0][0])


def test_events_of_unknown_items_only_are_named(
    spark: SparkSession, publisher: Engine, tmp_path: Path
) -> None:
    events: list[Event] = [("u", "p1", "rate", 5.0, 1)]
    unknown = retrain(spark, publisher, tmp_path, product(), events, titled=["p01"])

    with pytest.raises(UnknownItemsError, match="It lacks, for example, 'p1'"):
        unknown.freeze()


def test_a_retrain_without_any_event_that_counts_says_so(
    spark: SparkSession, publisher: Engine, tmp_path: Path
) -> None:
    events: list[Event] = [("u", "p1", "unrate", None, 1)]
    emptied = retrain(spark, publisher, tmp_path, product(), events)
    emptied.freeze()
    emptied.nominate("")
    emptied.search()

    with pytest.raises(NothingToLearnError, match="or all were taken back"):
        emptied.evaluate()
