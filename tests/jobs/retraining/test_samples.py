"""A preview of no rules says of the window's lists what the gate said of them."""

from collections import Counter
from collections.abc import Iterator

import numpy as np
import pytest
from sqlalchemy import Connection

from jobs.engine import recipes
from ranking.metrics import diversity, gini
from serving.rules.preview import preview
from serving.schemas import SlateRules
from serving.storage import database
from tests.support.jobs.small_world import SMALL, Retrain, category
from tests.support.serving.server import as_role
from warehouse.query import Lake
from warehouse.tables import GOLD_MODEL_METRICS, GOLD_WINDOW_LISTS

CHALLENGER = recipes.parse(SMALL).name


@pytest.fixture
def api(retrained: Retrain, committing: str) -> Iterator[Connection]:
    """The API's connection to the small world, which is released."""
    del retrained
    engine = database.connect(as_role(committing, "api"), "retrained", autocommit=True)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


@pytest.fixture(scope="module")
def shown(retrained: Retrain) -> list[list[str]]:
    """The first ten of everybody's list on the window."""
    equals = {"retrain_id": retrained.run, "recipe": CHALLENGER}
    rows = Lake(retrained.warehouse.root).read(GOLD_WINDOW_LISTS, equals=equals).to_pylist()
    return [row["item_ids"][:10] for row in rows]


def test_the_preview_has_the_gates_user_metrics(retrained: Retrain, api: Connection) -> None:
    found = preview(api, SlateRules())

    equals = {"retrain_id": retrained.run, "recipe": CHALLENGER, "slice": "warm"}
    rows = Lake(retrained.warehouse.root).read(GOLD_MODEL_METRICS, equals=equals).to_pylist()
    gate = {row["metric"]: row["value"] for row in rows}
    n_users = next(row["n_users"] for row in rows if row["metric"] == "ndcg@10")
    assert (found.retrain_id, found.recipe, found.n_users) == (retrained.run, CHALLENGER, n_users)
    assert found.without.ndcg == pytest.approx(gate["ndcg@10"], abs=1e-6)
    assert found.without.recall == pytest.approx(gate["recall@10"], abs=1e-6)
    assert found.without.diversity == pytest.approx(gate["diversity@10"], abs=1e-6)


def test_the_preview_has_the_engines_catalogue_metrics(
    api: Connection, shown: list[list[str]]
) -> None:
    found = preview(api, SlateRules()).without

    released = api.exec_driver_sql("select item_id from item_factors").scalars().all()
    exposure = Counter(item_id for ten in shown for item_id in ten)
    counts = np.array([exposure[item_id] for item_id in released], np.float64)
    assert sum(counts) == sum(exposure.values())
    assert found.coverage == pytest.approx(np.mean(counts > 0), abs=1e-9)
    assert found.gini == pytest.approx(gini(counts), abs=1e-9)


def test_the_preview_has_the_engines_diversity(api: Connection, shown: list[list[str]]) -> None:
    names = sorted({category(item_id) for ten in shown for item_id in ten})
    rows = [
        np.array([[category(i) == name for name in names] for i in ten], np.float32)
        for ten in shown
    ]

    engines = np.mean([diversity(each) or 0.0 for each in rows])

    assert preview(api, SlateRules()).without.diversity == pytest.approx(engines, abs=1e-6)
