"""A preview without rules has the same metrics as the gate, on the same lists."""

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
    """The API's connection to the database with the small data set's release."""
    del retrained
    engine = database.connect(as_role(committing, "api"), "retrained", autocommit=True)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


@pytest.fixture(scope="module")
def lists(retrained: Retrain) -> list[list[str]]:
    """The first 10 items of each user's list on the window."""
    equals = {"retrain_id": retrained.run, "recipe": CHALLENGER}
    rows = Lake(retrained.warehouse.root).read(GOLD_WINDOW_LISTS, equals=equals).to_pylist()
    return [row["item_ids"][:10] for row in rows]


def test_the_preview_has_the_gates_user_metrics(retrained: Retrain, api: Connection) -> None:
    answer = preview(api, SlateRules())

    equals = {"retrain_id": retrained.run, "recipe": CHALLENGER, "slice": "warm"}
    rows = Lake(retrained.warehouse.root).read(GOLD_MODEL_METRICS, equals=equals).to_pylist()
    gate = {row["metric"]: row["value"] for row in rows}
    n_users = next(row["n_users"] for row in rows if row["metric"] == "ndcg@10")
    assert (answer.retrain_id, answer.recipe, answer.n_users) == (
        retrained.run,
        CHALLENGER,
        n_users,
    )
    assert answer.without.ndcg == pytest.approx(gate["ndcg@10"], abs=1e-6)
    assert answer.without.recall == pytest.approx(gate["recall@10"], abs=1e-6)
    assert answer.without.diversity == pytest.approx(gate["diversity@10"], abs=1e-6)


def test_the_preview_has_the_engines_catalogue_metrics(
    api: Connection, lists: list[list[str]]
) -> None:
    metrics = preview(api, SlateRules()).without

    released = api.exec_driver_sql("select item_id from item_factors").scalars().all()
    exposure = Counter(item_id for list_of_10 in lists for item_id in list_of_10)
    counts = np.array([exposure[item_id] for item_id in released], np.float64)
    assert sum(counts) == sum(exposure.values())
    assert metrics.coverage == pytest.approx(np.mean(counts > 0), abs=1e-9)
    assert metrics.gini == pytest.approx(gini(counts), abs=1e-9)


def test_the_preview_has_the_engines_diversity(api: Connection, lists: list[list[str]]) -> None:
    names = sorted({category(item_id) for list_of_10 in lists for item_id in list_of_10})
    rows = [
        np.array([[category(i) == name for name in names] for i in list_of_10], np.float32)
        for list_of_10 in lists
    ]

    engines = np.mean([diversity(categories) or 0.0 for categories in rows])

    assert preview(api, SlateRules()).without.diversity == pytest.approx(engines, abs=1e-6)
