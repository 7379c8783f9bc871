"""A whole retrain, job by job, on real Spark and Postgres: from a product's files to lists."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from pyspark.sql import SparkSession
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from jobs import decide, evaluate, fit, freeze, land, nominate, publish, refine
from jobs.engine import recipes
from jobs.engine.errors import RecipeError
from jobs.errors import JobError
from serving import database, releases
from serving.models import Recommendation
from tests.jobs.product import HEADER, NOW, product, send
from tests.serving.server import as_role, create_database, temporary_server
from warehouse.delta import Warehouse
from warehouse.query import Lake
from warehouse.tables import (
    GOLD_FITS,
    GOLD_MODEL_METRICS,
    GOLD_RECOMMENDATIONS,
    GOLD_SIMILAR_ITEMS,
    GOLD_VERDICTS,
)

N_USERS, N_ITEMS = 40, 24
DATASET = product(floors={"min_test_users": 10, "min_coverage": 0.01})
SMALL_ALS = '{"kind": "als", "rank": 2, "iterations": 3, "seed": 3}'


@dataclass(frozen=True)
class Product:
    """The product's lake and its schema in Postgres."""

    warehouse: Warehouse
    engine: Engine

    @property
    def lake(self) -> Lake:
        return Lake(self.warehouse.root)

    def retrain(self, run: str, *, recipe: str = SMALL_ALS) -> bool:
        """Run the retrain's jobs in the DAG's order; return whether a release was published."""
        root, key = self.warehouse.root, f"product__retrain/{run}"
        freeze.run(root, DATASET, run_key=f"{key}/freeze")
        nominate.run(
            root, DATASET, self.engine, recipe=recipe, reason="test", run_key=f"{key}/nominate"
        )
        evaluate.run(self.warehouse.under(f"{key}/evaluate"), DATASET)
        if not decide.run(root, DATASET, self.engine, run_key=f"{key}/decide"):
            return False
        fit.run(self.warehouse.under(f"{key}/fit"), DATASET)
        publish.run(root, DATASET, self.engine, run_key=f"{key}/publish")
        return True

    def verdict(self, run: str) -> tuple[str, bool]:
        [row] = self.lake.read(
            GOLD_VERDICTS, where=f"retrain_id = 'product__retrain/{run}'"
        ).to_pylist()
        return row["verdict"], row["publishes"]

    def live(self) -> int | None:
        with Session(self.engine) as session:
            return releases.live_id(session)


def rated() -> list[str]:
    """Everybody likes the half of the items that is as odd as he is; he rates three in four."""
    return [
        f"u{user:02},i{item:02},{5 if (user + item) % 2 == 0 else 1},{1000 + item * 50 + user}"
        for user in range(N_USERS)
        for item in range(N_ITEMS)
        if (user * 7 + item * 3) % 4
    ]


@pytest.fixture(scope="module")
def shop(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    folder = tmp_path_factory.mktemp("retrain")
    inbox = folder / "inbox"
    send(inbox, "ratings.csv", HEADER, *rated())
    send(
        inbox,
        "items.csv",
        "item,title,kinds",
        *(f"i{n:02},Item {n},{'Odd' if n % 2 else 'Even'}" for n in range(N_ITEMS)),
    )
    send(inbox, "users.csv", "user,age", *(f"u{n:02},{n % 2}" for n in range(N_USERS)))
    warehouse = Warehouse(spark, str(folder / "lake"), run_key="product__ingest/1/land")
    land.run(warehouse, DATASET, inbox)
    refine.run(warehouse.under("product__ingest/1/refine"), DATASET, now=NOW)
    with temporary_server() as server:
        url = create_database(server.url("postgres"), "retrain")
        database.migrate(url, DATASET.name)
        database.grant(url, DATASET.name)
        engine = database.connect(as_role(url, "publisher"), DATASET.name)
        try:
            yield Product(warehouse, engine)
        finally:
            engine.dispose()


@pytest.fixture(scope="module")
def first(shop: Product) -> Product:
    """The product after its first retrain."""
    assert shop.retrain("first")
    return shop


def test_the_first_retrain_publishes_its_lists(first: Product) -> None:
    assert first.verdict("first") == ("first", True)
    with Session(first.engine) as session:
        served = {row.user_id: list(row.item_ids) for row in session.query(Recommendation).all()}
    known = {(row.split(",")[0], row.split(",")[1]) for row in rated()}
    assert served
    assert [(u, i) for u, items in served.items() for i in items if (u, i) in known] == []
    assert all(len(items) == len(set(items)) for items in served.values())


def test_every_recipe_that_stood_is_judged_on_the_same_people(first: Product) -> None:
    rows = first.lake.read(
        GOLD_MODEL_METRICS, where="metric = 'ndcg@10' AND segment = 'warm'"
    ).to_pylist()
    judged = [row for row in rows if row["retrain_id"] == "product__retrain/first"]
    names = {recipe.name for recipe in recipes.popularities(DATASET.scale)}

    assert {row["recipe"] for row in judged} == names | {recipes.from_json(SMALL_ALS).name}
    assert len({row["n_users"] for row in judged}) == 1
    assert all(0 <= row["value"] <= 1 for row in judged)


def test_running_a_retrain_again_changes_nothing(first: Product) -> None:
    tables = (GOLD_FITS, GOLD_RECOMMENDATIONS, GOLD_SIMILAR_ITEMS, GOLD_VERDICTS)
    before = [first.lake.version(table) for table in tables], first.live()

    assert first.retrain("first")
    assert ([first.lake.version(table) for table in tables], first.live()) == before


def test_the_champions_own_recipe_is_a_refresh_and_a_pin_holds_it_back(first: Product) -> None:
    before = first.live()
    assert before is not None
    with Session(first.engine) as session, session.begin():
        releases.pin(session, before, actor="ann")

    assert not first.retrain("pinned")
    assert first.verdict("pinned") == ("refresh", False)
    assert first.live() == before

    with Session(first.engine) as session, session.begin():
        assert releases.unpin(session, actor="ann")
    assert first.retrain("refreshed")
    assert first.verdict("refreshed") == ("refresh", True)
    assert first.live() != before


def test_a_recipe_that_nobody_knows_is_refused_by_name(first: Product) -> None:
    with pytest.raises(RecipeError, match="no recipe 'magic'"):
        first.retrain("magic", recipe="magic")


def test_a_job_whose_forerunner_has_not_run_says_so(first: Product) -> None:
    key = "product__retrain/nothing/fit"
    with pytest.raises(JobError, match="product__retrain/nothing"):
        fit.run(first.warehouse.under(key), DATASET)
    with pytest.raises(JobError, match="product__retrain/nothing"):
        publish.run(first.warehouse.root, DATASET, first.engine, run_key=key)
