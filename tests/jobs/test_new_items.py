"""Items without interactions are on lists only if content predicts who will choose them."""

from collections.abc import Callable
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from jobs.engine import recipes
from jobs.retraining import rebuild
from tests.support.jobs import silver, without_postgres
from tests.support.jobs.product import shop
from tests.support.runs import under
from warehouse.delta import Warehouse
from warehouse.query import Lake
from warehouse.run_keys import RunKey
from warehouse.tables import (
    GOLD_CONTENT_WEIGHTS,
    GOLD_FITS,
    GOLD_ITEM_FACTORS,
    GOLD_MODEL_METRICS,
    GOLD_RECOMMENDATIONS,
)

SHOP = shop(floors={"min_test_users": 20, "min_coverage": 0})
N_USERS, N_ITEMS, N_NEW = 60, 30, 8
LATER, NEVER = [f"later{at}" for at in range(N_NEW)], ["never0", "never1"]
CATEGORIES = {item: "ab"[int(item[-1]) % 2] for item in [*LATER, *NEVER]} | {
    f"i{at:02d}": "ab"[at % 2] for at in range(N_ITEMS)
}
ALS = recipes.of_events(SHOP).model_copy(update={"rank": 4, "iterations": 8})


def by_category(user: int) -> str:
    """Return a new item of the category that the user buys."""
    return LATER[user % 2 + 2 * (user // 2 % (N_NEW // 2))]


def by_chance(user: int) -> str:
    """Return a new item of either category."""
    return LATER[user // 2 % N_NEW]


def history(new_item: Callable[[int], str]) -> list[silver.Event]:
    """Return purchases: odd users buy odd items, even users even ones; one of the last is new."""
    known = [
        (f"u{user:02d}", f"i{(2 * (user // 2 * 3 + at) + user % 2) % N_ITEMS:02d}", at)
        for at in range(9)
        for user in range(N_USERS)
    ]
    new = [(f"u{user:02d}", new_item(user), 9) for user in range(N_USERS)]
    return [(user, item, "buy", None, 1000 * (1 + at)) for user, item, at in known + new]


@pytest.mark.parametrize(
    ("new_item", "wins"),
    [(by_category, True), pytest.param(by_chance, False, marks=pytest.mark.soak)],
)
def test_new_items_are_on_lists_where_content_predicts_them(
    spark: SparkSession, tmp_path: Path, new_item: Callable[[int], str], *, wins: bool
) -> None:
    warehouse = Warehouse(spark, str(tmp_path), run_key=RunKey("p__ingest", "one", "refine"))
    silver.write(
        warehouse,
        SHOP,
        history(new_item),
        titled=[*CATEGORIES],
        categories=CATEGORIES,
    )

    verdict, _ = without_postgres.retrain(warehouse, SHOP, recipe=ALS.model_dump_json())

    assert verdict["recipe"] == ALS.name
    assert verdict["new_items"] is wins
    lake = Lake(warehouse.root)
    of_retrain = {"retrain_id": verdict["retrain_id"]}
    metrics = lake.rows(GOLD_MODEL_METRICS, equals=of_retrain | {"window": "new_items"})
    compared = {row["recipe"].rsplit("_", 1)[0]: row["n_users"] for row in metrics}
    assert compared == {"als_events_r4": 60, "newest": 60, "popular_in_category": 60}
    factors = {row["item_id"] for row in lake.rows(GOLD_ITEM_FACTORS, equals=of_retrain)}
    assert factors >= {*LATER}
    assert ({*NEVER} <= factors) is wins
    for row in lake.rows(GOLD_RECOMMENDATIONS, equals=of_retrain):
        untouched = [item for item in row["item_ids"] if item in NEVER]
        assert bool(untouched) is wins
        if wins:
            own = f"never{int(row['user_id'][1:]) % 2}"
            assert untouched[0] == own
    learned_from = {
        row["item_id"]: row["learned_from"]
        for row in lake.rows(GOLD_ITEM_FACTORS, equals=of_retrain)
    }
    predicted = {item for item, source in learned_from.items() if source == "content"}
    assert predicted == ({*NEVER} if wins else set())
    weights = lake.rows(GOLD_CONTENT_WEIGHTS, equals=of_retrain)
    features = {"", "category:a", "category:b", "decade:200"}
    assert {row["feature"] for row in weights} == (features if wins else set())
    assert lake.rows(GOLD_FITS, equals=of_retrain)[0]["n_items"] == N_ITEMS + N_NEW + 2 * wins
    proof = rebuild.run(under(warehouse, "p__retrain/again/rebuild"), SHOP, verdict["retrain_id"])
    assert proof.all_same
